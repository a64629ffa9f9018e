"""A row of money that reverses another is of the opposite sign: the database itself refuses anything else."""

from django.db import migrations

MAKE = """
CREATE FUNCTION membership_payment_reverses_opposite() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF sign(NEW.gross_pence) = (SELECT sign(gross_pence) FROM membership_payment WHERE id = NEW.reverses_id) THEN
        RAISE EXCEPTION 'a payment reverses one of the opposite sign' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payment_reverses_opposite BEFORE INSERT ON membership_payment
    FOR EACH ROW WHEN (NEW.reverses_id IS NOT NULL) EXECUTE FUNCTION membership_payment_reverses_opposite();
"""
DROP = """
DROP TRIGGER payment_reverses_opposite ON membership_payment;
DROP FUNCTION membership_payment_reverses_opposite();
"""


class Migration(migrations.Migration):
    dependencies = [("membership", "0003_stripe")]

    operations = [migrations.RunSQL(MAKE, DROP)]
