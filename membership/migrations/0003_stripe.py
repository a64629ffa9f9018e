"""What Stripe holds for us, what people were told, what staff should look at."""

import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


# A notice is about anything now, not about a term only. (The foreign keys are checked at once: the table changes next.)
NOTICES_BY_PERSON = """
SET CONSTRAINTS ALL IMMEDIATE;
UPDATE membership_notice SET
    about = 'term ' || term_id,
    person_id = (SELECT person_id FROM membership_membership WHERE id = membership_notice.membership_id);
SET CONSTRAINTS ALL DEFERRED;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('membership', '0002_people_guards'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Checkout',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('state', models.CharField(choices=[('new', 'Being made'), ('open', 'Can be paid'), ('pending', 'Payment on its way'), ('paid', 'Paid'), ('failed', 'Payment failed'), ('expired', 'Not used')], default='new', max_length=8)),
                ('stripe_id', models.CharField(blank=True, max_length=100, null=True, unique=True)),
                ('url', models.TextField(blank=True)),
                ('expires_at', models.DateTimeField()),
                ('subscription_id', models.CharField(blank=True, max_length=100)),
                ('payment_intent_id', models.CharField(blank=True, max_length=100)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='Concern',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('two_subscriptions', 'Pays twice'), ('paid_for_nothing', 'Paid, but buys nothing'), ('dispute', 'Payment disputed'), ('invoice', 'Invoice not made'), ('unknown_price', 'Price not known here'), ('refund_failed', 'Refund came back')], max_length=20)),
                ('about', models.CharField(max_length=220)),
                ('text', models.TextField(help_text='What happened, and what to do.')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('settled_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'verbose_name': 'thing to look at',
                'verbose_name_plural': 'things to look at',
                'ordering': ['-created_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='Dispute',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stripe_id', models.CharField(max_length=100, unique=True)),
                ('amount_pence', models.PositiveIntegerField(verbose_name='amount')),
                ('reason', models.CharField(max_length=60)),
                ('status', models.CharField(max_length=40)),
                ('opened_at', models.DateTimeField()),
                ('due_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['-opened_at'],
            },
        ),
        migrations.CreateModel(
            name='PriceChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amount_before_pence', models.PositiveIntegerField()),
                ('amount_pence', models.PositiveIntegerField()),
                ('effective_on', models.DateField(help_text='The first renewal at the new price.')),
                ('told_at', models.DateTimeField(auto_now_add=True)),
                ('applied_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['-told_at'],
            },
        ),
        migrations.CreateModel(
            name='StripeCustomer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('stripe_id', models.CharField(blank=True, max_length=100, null=True, unique=True)),
                ('deleted_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='StripeEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stripe_id', models.CharField(max_length=100, unique=True)),
                ('type', models.CharField(max_length=80)),
                ('object_id', models.CharField(max_length=100)),
                ('parent_id', models.CharField(blank=True, max_length=100)),
                ('happened_at', models.DateTimeField()),
                ('received_at', models.DateTimeField(auto_now_add=True)),
                ('state', models.CharField(choices=[('applied', 'Applied'), ('ignored', 'Not ours'), ('failed', 'Failed, will be tried again')], max_length=8)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('error', models.CharField(blank=True, max_length=300)),
            ],
            options={
                'verbose_name': 'Stripe event',
                'ordering': ['-happened_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='StripePrice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amount_pence', models.PositiveIntegerField()),
                ('key', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('stripe_id', models.CharField(blank=True, max_length=100, null=True, unique=True)),
            ],
        ),
        migrations.CreateModel(
            name='Subscription',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stripe_id', models.CharField(max_length=100, unique=True)),
                ('amount_pence', models.PositiveIntegerField(verbose_name='amount')),
                ('item_id', models.CharField(max_length=100)),
                ('status', models.CharField(choices=[('incomplete', 'Not paid yet'), ('incomplete_expired', 'Never paid'), ('trialing', 'Trial'), ('active', 'Renews by itself'), ('past_due', 'Payment failed, tried again'), ('unpaid', 'Payment failed'), ('canceled', 'Ended'), ('paused', 'Paused')], max_length=18)),
                ('started_at', models.DateTimeField()),
                ('period_ends_at', models.DateTimeField(verbose_name='next payment')),
                ('cancel_at', models.DateTimeField(blank=True, null=True, verbose_name='ends')),
                ('cancelled_at', models.DateTimeField(blank=True, null=True)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('end_reason', models.CharField(blank=True, max_length=30)),
                ('method', models.CharField(choices=[('transfer', 'Bank transfer'), ('cheque', 'Cheque'), ('cash', 'Cash'), ('standing_order', 'Standing order'), ('card', 'Card'), ('debit', 'Direct Debit')], max_length=14)),
                ('payment_method_id', models.CharField(blank=True, max_length=100)),
                ('card_brand', models.CharField(blank=True, max_length=20)),
                ('last4', models.CharField(blank=True, max_length=4, verbose_name='last digits')),
                ('card_expires_on', models.DateField(blank=True, null=True)),
                ('needs_new_method', models.BooleanField(default=False)),
                ('unpaid_invoice_id', models.CharField(blank=True, max_length=100)),
                ('unpaid_pence', models.PositiveIntegerField(default=0)),
                ('unpaid_attempts', models.PositiveSmallIntegerField(default=0)),
                ('unpaid_url', models.TextField(blank=True)),
                ('next_attempt_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['-started_at', '-pk'],
            },
        ),
        migrations.AlterModelOptions(
            name='notice',
            options={'ordering': ['-sent_at']},
        ),
        migrations.RemoveConstraint(
            model_name='notice',
            name='notice_once',
        ),
        migrations.RemoveConstraint(
            model_name='payment',
            name='payment_in_or_back',
        ),
        migrations.AddField(
            model_name='application',
            name='renews',
            field=models.BooleanField(default=False, verbose_name='renews by itself'),
        ),
        migrations.AddField(
            model_name='historicalterm',
            name='invoice_id',
            field=models.CharField(blank=True, editable=False, max_length=100),
        ),
        migrations.AddField(
            model_name='notice',
            name='about',
            field=models.CharField(default='', max_length=150),
        ),
        migrations.AddField(
            model_name='notice',
            name='person',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='membership.person'),
        ),
        migrations.RunSQL(NOTICES_BY_PERSON, migrations.RunSQL.noop),
        migrations.RemoveField(
            model_name='notice',
            name='membership',
        ),
        migrations.RemoveField(
            model_name='notice',
            name='term',
        ),
        migrations.AlterField(
            model_name='notice',
            name='about',
            field=models.CharField(max_length=150),
        ),
        migrations.AlterField(
            model_name='notice',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='membership.person'),
        ),
        migrations.AddField(
            model_name='payment',
            name='stripe_charge_id',
            field=models.CharField(blank=True, editable=False, max_length=100),
        ),
        migrations.AddField(
            model_name='payment',
            name='stripe_invoice_id',
            field=models.CharField(blank=True, editable=False, max_length=100),
        ),
        migrations.AddField(
            model_name='payment',
            name='stripe_payment_intent_id',
            field=models.CharField(blank=True, editable=False, max_length=100),
        ),
        migrations.AddField(
            model_name='term',
            name='invoice_id',
            field=models.CharField(blank=True, editable=False, max_length=100),
        ),
        migrations.AlterField(
            model_name='notice',
            name='kind',
            field=models.CharField(choices=[('reminder_30', 'Reminder, a month before'), ('reminder_7', 'Reminder, a week before'), ('lapsed', 'Lapsed'), ('payment_failed', 'Payment failed'), ('card_expires', 'Card runs out'), ('new_method', 'Another way to pay needed'), ('renewal_coming', 'Renewal is near'), ('price_change', 'New price')], max_length=14),
        ),
        migrations.AddConstraint(
            model_name='notice',
            constraint=models.UniqueConstraint(fields=('kind', 'about'), name='notice_once'),
        ),
        migrations.AddConstraint(
            model_name='term',
            constraint=models.UniqueConstraint(condition=models.Q(('invoice_id', ''), _negated=True), fields=('invoice_id',), name='term_once_per_invoice'),
        ),
        migrations.AddField(
            model_name='checkout',
            name='application',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='checkouts', to='membership.application'),
        ),
        migrations.AddField(
            model_name='concern',
            name='person',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='concerns', to='membership.person'),
        ),
        migrations.AddField(
            model_name='concern',
            name='settled_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='dispute',
            name='payment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='disputes', to='membership.payment'),
        ),
        migrations.AddField(
            model_name='pricechange',
            name='price',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='membership.price'),
        ),
        migrations.AddField(
            model_name='stripecustomer',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='stripe_customers', to='membership.person'),
        ),
        migrations.AddField(
            model_name='checkout',
            name='customer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='checkouts', to='membership.stripecustomer'),
        ),
        migrations.AddIndex(
            model_name='stripeevent',
            index=models.Index(fields=['-happened_at', '-id'], name='stripe_event_happened'),
        ),
        migrations.AddIndex(
            model_name='stripeevent',
            index=models.Index(condition=models.Q(('state', 'failed')), fields=['state'], name='stripe_event_failed'),
        ),
        migrations.AddField(
            model_name='stripeprice',
            name='price',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='stripe_prices', to='membership.price'),
        ),
        migrations.AddField(
            model_name='subscription',
            name='application',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='subscriptions', to='membership.application'),
        ),
        migrations.AddField(
            model_name='subscription',
            name='customer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='subscriptions', to='membership.stripecustomer'),
        ),
        migrations.AddField(
            model_name='subscription',
            name='membership',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='subscriptions', to='membership.membership'),
        ),
        migrations.AddField(
            model_name='subscription',
            name='price',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='subscriptions', to='membership.price'),
        ),
        migrations.AddField(
            model_name='pricechange',
            name='subscription',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='price_changes', to='membership.subscription'),
        ),
        migrations.AddField(
            model_name='payment',
            name='subscription',
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='payments', to='membership.subscription'),
        ),
        migrations.AddIndex(
            model_name='payment',
            index=models.Index(condition=models.Q(('stripe_payment_intent_id', ''), _negated=True), fields=['stripe_payment_intent_id'], name='payment_intent'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('gross_pence__gt', 0), models.Q(('gross_pence__lt', 0), ('reverses__isnull', False)), _connector='OR'), name='payment_in_or_back'),
        ),
        migrations.AddIndex(
            model_name='concern',
            index=models.Index(condition=models.Q(('settled_at__isnull', True)), fields=['-created_at'], name='concern_open'),
        ),
        migrations.AddConstraint(
            model_name='concern',
            constraint=models.UniqueConstraint(fields=('kind', 'about'), name='concern_once'),
        ),
        migrations.AddIndex(
            model_name='checkout',
            index=models.Index(fields=['payment_intent_id'], name='checkout_intent'),
        ),
        migrations.AddConstraint(
            model_name='checkout',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['new', 'open', 'pending'])), fields=('application',), name='checkout_one_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='stripeprice',
            constraint=models.UniqueConstraint(fields=('price', 'amount_pence'), name='stripe_price_once'),
        ),
        migrations.AddIndex(
            model_name='subscription',
            index=models.Index(fields=['status', 'period_ends_at'], name='subscription_status'),
        ),
        migrations.AddIndex(
            model_name='subscription',
            index=models.Index(fields=['payment_method_id'], name='subscription_method'),
        ),
        migrations.AddConstraint(
            model_name='pricechange',
            constraint=models.UniqueConstraint(fields=('subscription', 'price'), name='price_change_once'),
        ),
    ]
