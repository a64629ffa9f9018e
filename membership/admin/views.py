"""Pages of the membership desk that act. Each asks once, and says what it did."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from membership import gateway
from membership.actions import joining, ledger, memberships, merging, payments, subscriptions
from membership.admin.forms import CoverForm, MergeForm, ReasonForm, RecordPaymentForm, month_is_closed
from membership.admin.pages import CHANGE, RECORD, in_words, needs, page, to_person
from membership.admin.stripe_pages import payment_page
from membership.models import Application, Cover, Payment, Person
from membership.models.payments import OFFLINE_METHODS
from membership.money import pounds
from membership.standing import main_membership, standing

GROUPS_SHOWN = 100


@needs(RECORD)
def record_payment(request: HttpRequest, pk: int) -> HttpResponse:
    """Money that came: checked, asked about if odd, recorded once."""
    person = get_object_or_404(Person.objects.with_standing(), pk=pk)
    number = request.POST.get("application") or request.GET.get("application") or ""
    application = None
    if number:
        application = get_object_or_404(person.applications, pk=int(number) if number.isdecimal() else 0)
    form = RecordPaymentForm(request.POST or None, person=person, application=application)
    if request.method == "GET" and application and (paid := payments.paid_for(application)):
        return _already_accepted(request, paid)
    if request.method == "POST" and form.is_valid():
        try:
            return _recorded(request, form)
        except payments.RecordedMeanwhile as meanwhile:
            form.tell_of(meanwhile.payment)
        except payments.AlreadyAccepted as accepted:
            return _already_accepted(request, accepted.payment)
        except ledger.MonthClosed as closed:
            form.add_error("received_on", month_is_closed(closed.month))
        except Person.DoesNotExist:
            raise Http404("The record was merged a moment ago.") from None
        except memberships.AlreadyForLife:
            form.add_error(None, "They are a member for life: there is nothing to renew.")
    return page(
        request,
        "record_payment",
        f"Record a payment: {person}",
        person,
        form=form,
        application=application,
        compared=[application, person],
        standing=standing(person),
    )


def _already_accepted(request: HttpRequest, payment: Payment) -> HttpResponse:
    messages.warning(request, f"{payment} is recorded for this form already. Nothing was added.")
    return to_person(payment.person)


def _recorded(request: HttpRequest, form: RecordPaymentForm) -> HttpResponse:
    payment = payments.record(
        person=form.chosen_person,
        price=form.cleaned_data["price"],
        money=form.money(),
        by=request.user,
        application=form.application,
        take_details=form.cleaned_data.get("take_details", False),
        last_seen=form.cleaned_data["last_seen"] if form.chosen_person == form.person else None,
    )
    term = payment.term
    until = f"until {in_words(term.ends_on)}" if term.ends_on else "for life"
    receipt = "A receipt is on its way." if payment.person.may_be_mailed else "No receipt was mailed: they get no mail."
    messages.success(
        request, f"{pounds(payment.gross_pence)} recorded. {payment.person} is a member {until}. {receipt}"
    )
    _settle_at_stripe(request, payment.person)
    return to_person(payment.person)


def _settle_at_stripe(request: HttpRequest, person: Person) -> None:
    """What Stripe failed to collect has come by hand now: it must not be taken as well."""
    try:
        if subscriptions.settle_by_hand(person):
            messages.info(request, "Stripe was told, and does not try any more to collect what it had failed to.")
    except (gateway.Unavailable, gateway.Refused) as problem:
        messages.error(
            request,
            f"Stripe still tries to collect the same money, and could not be told ({problem}). Mark the open invoice "
            "as paid outside of Stripe in its dashboard, or they pay twice.",
        )


@needs(RECORD)
def reverse_payment(request: HttpRequest, pk: int) -> HttpResponse:
    """A cheque bounced, or it was recorded by mistake: a second row takes it back."""
    payment = get_object_or_404(Payment.objects.select_related("person"), pk=pk)
    if payment.method not in OFFLINE_METHODS:
        at_stripe = payment_page(payment.stripe_payment_intent_id)
        return page(
            request, "refund_at_stripe", f"Take back {payment}", payment.person, payment=payment, at_stripe=at_stripe
        )
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason, token = form.cleaned_data["reason"], str(form.cleaned_data["token"])
        try:
            payments.reverse(payment, reason=reason, token=token, by=request.user)
        except payments.AlreadyReversed:
            messages.warning(request, "It was taken back before. Nothing was added.")
        else:
            messages.success(request, f"{payment} is taken back. No mail was sent: please write to {payment.person}.")
        return to_person(payment.person)
    return page(request, "reverse_payment", f"Take back {payment}", payment.person, form=form, payment=payment)


@needs(RECORD)
@require_POST
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Nobody waits for this payment any more."""
    application = get_object_or_404(Application.objects.select_related("person"), pk=pk)
    joining.discard(application)
    messages.success(request, f"Nobody waits for the payment {application.reference} any more. It can still be found.")
    return to_person(application.person)


@needs(CHANGE)
def household(request: HttpRequest, pk: int) -> HttpResponse:
    """Who else a membership covers: add by name, or end."""
    person = get_object_or_404(Person.objects.with_standing(), pk=pk)
    membership = main_membership(person)
    if membership is None:
        messages.warning(request, f"{person} has no membership yet.")
        return to_person(person)
    form = CoverForm(request.POST if "_add" in request.POST else None)
    if "_end" in request.POST:
        number = request.POST["_end"]
        cover = get_object_or_404(membership.cover_set, pk=int(number) if number.isdecimal() else 0)
        memberships.uncover(cover)
        messages.success(request, f"{cover.person} is covered until the end of today.")
        return redirect(request.path)
    if form.is_bound and form.is_valid():
        try:
            added = memberships.cover_by_name(membership, name=form.cleaned_data["name"])
        except memberships.HouseholdFull as full:
            form.add_error("name", str(full))
        else:
            messages.success(request, f"{added.person} is covered from today.")
            return redirect(request.path)
    covers = Cover.objects.filter(membership=membership, until__isnull=True).select_related("person")
    return page(request, "household", f"Household of {person}", person, form=form, membership=membership, covers=covers)


@needs(CHANGE)
def duplicates(request: HttpRequest) -> HttpResponse:
    """Records that may be one human."""
    by_email = list(Person.objects.sharing_email()[:GROUPS_SHOWN])
    by_name = list(Person.objects.sharing_name_and_postcode()[:GROUPS_SHOWN])
    emails = Person.objects.filter(email__in=[group["email"] for group in by_email]).with_standing()
    names = Person.objects.filter(sort_name__in=[group["sort_name"] for group in by_name]).with_standing()
    groups: dict[tuple[str, ...], list[Person]] = {}
    for person in emails.order_by("pk"):
        groups.setdefault(("the same e-mail", person.email, ""), []).append(person)
    wanted = {(group["sort_name"], group["postcode"]) for group in by_name}
    for person in names.order_by("pk"):
        if (person.sort_name, person.postcode) in wanted:
            groups.setdefault(("the same name and postcode", person.postcode, person.sort_name), []).append(person)
    shown = [
        {"why": key[0], "what": key[1], "people": [(each, standing(each)) for each in group]}
        for key, group in groups.items()
    ]
    return page(request, "duplicates", "Possible duplicates", groups=shown)


@needs(CHANGE)
def merge(request: HttpRequest, pk: int, other: int) -> HttpResponse:
    """Two records side by side; one button makes them one."""
    keep = get_object_or_404(Person.objects.with_standing(), pk=pk)
    drop = get_object_or_404(Person.objects.with_standing(), pk=other)
    if keep == drop:
        return to_person(keep)
    form = MergeForm(request.POST or None, keep=keep, drop=drop)
    if request.method == "POST" and form.is_valid():
        try:
            record = merging.merge(keep=keep, drop=drop, chosen=form.cleaned_data, by=request.user)
        except merging.MergeRefused as refused:
            messages.error(request, str(refused))
            return redirect(request.path)
        moved = ", ".join(f"{number} {name}" for name, number in record.moved.items()) or "nothing else"
        messages.success(request, f"Record {other} is now part of {record.kept}. Moved: {moved}.")
        return to_person(keep)
    people = [(each, standing(each)) for each in (keep, drop)]
    return page(request, "merge", f"Are {keep} and {drop} the same?", keep, form=form, people=people, drop=drop)
