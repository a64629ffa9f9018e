"""What appeals have raised, and whom their pages name. Each row of a donation's money says for which appeal it is."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

MAKE = """
CREATE FUNCTION membership_payment_of_donation() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before membership_payment;
BEGIN
    IF NEW.reverses_id IS NOT NULL THEN
        SELECT * INTO before FROM membership_payment WHERE id = NEW.reverses_id;
        IF before.donation_id IS NOT NULL THEN
            NEW.donation_id := before.donation_id;
            NEW.purpose := before.purpose;
        END IF;
    END IF;
    NEW.appeal_id := (SELECT appeal_id FROM membership_donation WHERE id = NEW.donation_id);
    RETURN NEW;
END $$;
CREATE TRIGGER payment_of_donation BEFORE INSERT ON membership_payment
    FOR EACH ROW EXECUTE FUNCTION membership_payment_of_donation();
"""
DROP = """
DROP TRIGGER payment_of_donation ON membership_payment;
DROP FUNCTION membership_payment_of_donation();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('membership', '0009_giving_and_payouts'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='payment',
            name='appeal',
            field=models.ForeignKey(blank=True, db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='payments', to='membership.appeal'),
        ),
        migrations.AddIndex(
            model_name='donation',
            index=models.Index(condition=models.Q(('is_anonymous', False), ('state', 'given')), fields=['appeal', '-created_at'], name='donation_named'),
        ),
        migrations.AddIndex(
            model_name='payment',
            index=models.Index(condition=models.Q(('appeal__isnull', False)), fields=['appeal'], include=('person', 'gross_pence'), name='payment_appeal'),
        ),
        migrations.RunSQL(MAKE, DROP),
    ]
