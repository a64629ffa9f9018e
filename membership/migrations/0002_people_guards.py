"""Money is never rewritten: the database itself refuses to change or delete a payment, and to change a price.

The trigger's arguments are the columns that may change all the same. A later column that may be filled in afterwards
has to be added to them in its own migration.
"""

from django.db import migrations

MAKE = """
CREATE FUNCTION membership_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION '% is never deleted; corrections are further rows', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF to_jsonb(OLD) - TG_ARGV::text[] IS DISTINCT FROM to_jsonb(NEW) - TG_ARGV::text[] THEN
        RAISE EXCEPTION '% is never changed; corrections are further rows', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payment_is_for_ever BEFORE UPDATE OR DELETE ON membership_payment
    FOR EACH ROW EXECUTE FUNCTION membership_refuse_change('person_id');
CREATE TRIGGER price_is_for_ever BEFORE UPDATE ON membership_price
    FOR EACH ROW EXECUTE FUNCTION membership_refuse_change('retired_at');
"""
DROP = """
DROP TRIGGER payment_is_for_ever ON membership_payment;
DROP TRIGGER price_is_for_ever ON membership_price;
DROP FUNCTION membership_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("membership", "0001_people")]

    operations = [migrations.RunSQL(MAKE, DROP)]
