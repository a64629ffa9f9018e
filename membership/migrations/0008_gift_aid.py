"""Gift Aid claims: each gift is claimed once, and what was claimed is for ever."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


# The function is that of 0002; its arguments are the columns that may change, and there are none.
MAKE = """
CREATE TRIGGER claim_is_for_ever BEFORE UPDATE OR DELETE ON membership_claim
    FOR EACH ROW EXECUTE FUNCTION membership_refuse_change('none');
CREATE TRIGGER claim_line_is_for_ever BEFORE UPDATE OR DELETE ON membership_claimline
    FOR EACH ROW EXECUTE FUNCTION membership_refuse_change('none');
"""
DROP = """
DROP TRIGGER claim_is_for_ever ON membership_claim;
DROP TRIGGER claim_line_is_for_ever ON membership_claimline;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('membership', '0007_ledger'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='historicalplan',
            name='gift_aid_eligible',
            field=models.BooleanField(blank=True, choices=[(None, 'By its kind: yes for one person, no for a household or an organisation'), (True, 'Yes'), (False, 'No')], help_text='Paying for another adult does not count, so a household does not, unless an adviser told you so.', null=True, verbose_name='counts for Gift Aid'),
        ),
        migrations.AddField(
            model_name='plan',
            name='gift_aid_eligible',
            field=models.BooleanField(blank=True, choices=[(None, 'By its kind: yes for one person, no for a household or an organisation'), (True, 'Yes'), (False, 'No')], help_text='Paying for another adult does not count, so a household does not, unless an adviser told you so.', null=True, verbose_name='counts for Gift Aid'),
        ),
        migrations.CreateModel(
            name='Claim',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reference', models.CharField(editable=False, max_length=12, unique=True)),
                ('token', models.UUIDField(editable=False, unique=True)),
                ('first_day', models.DateField()),
                ('last_day', models.DateField()),
                ('lines_count', models.PositiveIntegerField(verbose_name='lines')),
                ('gifts_pence', models.PositiveIntegerField(verbose_name='gifts')),
                ('adjustments_pence', models.IntegerField(verbose_name='adjustments')),
                ('made_at', models.DateTimeField(auto_now_add=True)),
                ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'Gift Aid claim',
                'ordering': ['-made_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='ClaimLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('gift', 'Gift'), ('adjustment', 'Adjustment')], default='gift', max_length=10)),
                ('amount_pence', models.IntegerField(verbose_name='amount')),
                ('given_on', models.DateField()),
                ('title', models.CharField(blank=True, max_length=4)),
                ('first_name', models.CharField(max_length=35)),
                ('last_name', models.CharField(max_length=35)),
                ('house', models.CharField(max_length=40, verbose_name='house name or number')),
                ('postcode', models.CharField(max_length=8)),
                ('claim', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='membership.claim')),
                ('payment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='claim_lines', to='membership.payment')),
                ('reversal', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='adjustment_line', to='membership.payment')),
            ],
            options={
                'verbose_name': 'line of a Gift Aid claim',
                'verbose_name_plural': 'lines of Gift Aid claims',
                'ordering': ['claim', 'pk'],
            },
        ),
        migrations.AddConstraint(
            model_name='claim',
            constraint=models.CheckConstraint(condition=models.Q(('last_day__gte', models.F('first_day'))), name='claim_days_in_order'),
        ),
        migrations.AddConstraint(
            model_name='claim',
            constraint=models.CheckConstraint(condition=models.Q(('adjustments_pence__lte', 0)), name='claim_adjustments_reduce'),
        ),
        migrations.AddConstraint(
            model_name='claimline',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'gift')), fields=('payment',), name='gift_claimed_once'),
        ),
        migrations.AddConstraint(
            model_name='claimline',
            constraint=models.UniqueConstraint(fields=('claim', 'payment'), name='payment_once_in_a_claim'),
        ),
        migrations.AddConstraint(
            model_name='claimline',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('amount_pence__gt', 0), ('kind', 'gift'), ('reversal__isnull', True)), models.Q(('kind', 'adjustment'), ('reversal__isnull', False), models.Q(('amount_pence', 0), _negated=True)), _connector='OR'), name='claim_line_is_gift_or_adjustment'),
        ),
        migrations.RunSQL(MAKE, DROP),
    ]
