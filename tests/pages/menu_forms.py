"""What tests of the menus share."""

from pages.actions import NotAgreed, move
from pages.models import Menu, Slot

MAIN = ["News", "Events", "Search", "Join"]  # "About" has no page yet


def menu(slot: str = Slot.MAIN) -> Menu:
    return Menu.objects.get(slot=slot)


def shown(client, path: str = "/") -> list[str]:
    """The labels of the main menu, as the page has them."""
    return [link.label for link in client.get(path).context["menus"].main]


def links(client, path: str = "/") -> dict[str, str]:
    return {link.label: link.url for link in client.get(path).context["menus"].main}


def move_page(page, parent, by) -> str:
    """Move the page under another, agreeing to what that changes; its new address."""
    try:
        move(page, parent=parent, before=None, by=by, agreed="")
    except NotAgreed as asked:
        move(page, parent=parent, before=None, by=by, agreed=asked.plan.fingerprint)
    page.refresh_from_db()
    return page.get_absolute_url()


def form_of(slot: str = Slot.MAIN) -> dict[str, str]:
    """What the form of a menu would send, unchanged."""
    of = menu(slot)
    items = list(of.items.all())
    data = {
        "items-TOTAL_FORMS": str(len(items)),
        "items-INITIAL_FORMS": str(len(items)),
        "seen_version": str(of.version),
        "heading": of.heading,
    }
    for number, item in enumerate(items):
        data |= line(number, id=item.pk, label=item.label, page=item.page_id or "", address=item.address,
                     position=item.position, is_button="on" if item.is_button else "")  # fmt: skip
    return data


def line(number: int, **values) -> dict[str, str]:
    """One line of the form. A box that is not ticked sends nothing."""
    sent = {name: value for name, value in values.items() if (name, value) != ("is_button", "")}
    return {f"items-{number}-{name}": str(value) for name, value in sent.items()}


def with_line(data: dict[str, str], **values) -> dict[str, str]:
    """The form with one more line at its end."""
    number = int(data["items-TOTAL_FORMS"])
    return data | {"items-TOTAL_FORMS": str(number + 1)} | line(number, **values)


def save(client, data: dict[str, str], slot: str = Slot.MAIN):
    return client.post(f"/admin/pages/menu/{menu(slot).pk}/change/", data)


def complaints(response) -> list[str]:
    """What the form says is wrong with its lines."""
    formset = response.context["inline_admin_formsets"][0].formset
    return [message for form in formset.forms for messages in form.errors.values() for message in messages]
