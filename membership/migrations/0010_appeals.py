"""Indexes for what appeals have raised; money that goes back belongs to the donation that it was given for."""

from django.conf import settings
from django.db import migrations, models

MAKE = """
CREATE FUNCTION membership_payment_same_donation() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before membership_payment;
BEGIN
    SELECT * INTO before FROM membership_payment WHERE id = NEW.reverses_id;
    IF before.donation_id IS NOT NULL THEN
        NEW.donation_id := before.donation_id;
        NEW.purpose := before.purpose;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payment_same_donation BEFORE INSERT ON membership_payment
    FOR EACH ROW WHEN (NEW.reverses_id IS NOT NULL) EXECUTE FUNCTION membership_payment_same_donation();
"""
DROP = """
DROP TRIGGER payment_same_donation ON membership_payment;
DROP FUNCTION membership_payment_same_donation();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('membership', '0009_giving_and_payouts'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name='donation',
            index=models.Index(condition=models.Q(('is_anonymous', False), ('state', 'given')), fields=['appeal', '-created_at'], name='donation_named'),
        ),
        migrations.AddIndex(
            model_name='payment',
            index=models.Index(condition=models.Q(('donation__isnull', False)), fields=['donation'], include=('person', 'gross_pence'), name='payment_donation'),
        ),
        migrations.RunSQL(MAKE, DROP),
    ]
