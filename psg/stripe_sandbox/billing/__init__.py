"""Invoices and subscriptions: what they are (invoices), how a subscription stands (standing), how invoices are collected
(collecting), how subscriptions begin, renew and change (subscriptions). Each file knows only those before it."""
