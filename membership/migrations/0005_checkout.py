"""A page to pay on knows what it was made for, so that a changed application is noticed. No page exists yet."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("membership", "0004_stripe_guards")]

    operations = [
        migrations.AddField(
            model_name="checkout",
            name="method",
            field=models.CharField(
                choices=[
                    ("transfer", "Bank transfer"),
                    ("cheque", "Cheque"),
                    ("cash", "Cash"),
                    ("standing_order", "Standing order"),
                    ("card", "Card"),
                    ("debit", "Direct Debit"),
                ],
                default="card",
                max_length=14,
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="checkout", name="renews", field=models.BooleanField(default=False), preserve_default=False
        ),
        migrations.AddField(
            model_name="checkout",
            name="stripe_price",
            field=models.ForeignKey(
                default=0,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="checkouts",
                to="membership.stripeprice",
            ),
            preserve_default=False,
        ),
    ]
