"""Invoices and subscriptions: what an invoice is (invoices), how a subscription stands (standing), how invoices are
collected (collecting), how subscriptions begin and renew (subscriptions) and change (changes). Each file knows only
those before it."""
