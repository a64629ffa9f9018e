"""The address that a customer has at Stripe, as last seen; and one more thing that staff should look at."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('membership', '0005_checkout'),
    ]

    operations = [
        migrations.AddField(
            model_name='stripecustomer',
            name='address',
            field=models.JSONField(default=dict, editable=False),
        ),
        migrations.AlterField(
            model_name='concern',
            name='kind',
            field=models.CharField(choices=[('two_subscriptions', 'Pays twice'), ('paid_for_nothing', 'Paid, but buys nothing'), ('dispute', 'Payment disputed'), ('invoice', 'Invoice not made'), ('unknown_price', 'Price not known here'), ('refund_failed', 'Refund came back'), ('household_full', 'No room in the household')], max_length=20),
        ),
    ]
