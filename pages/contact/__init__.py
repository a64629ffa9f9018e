"""The contact form: what happens to a message (actions), who may send one (guard), the mail that it makes (mails)."""
