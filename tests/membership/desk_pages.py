"""What the tests of the membership desk share: its pages, as a browser would use them."""

from html import unescape

LIST = "/admin/membership/person/"


def listed(desk, **query) -> list[str]:
    response = desk.get(LIST, query)
    assert response.status_code == 200
    return [person.name for person in response.context["cl"].result_list]


def opened(desk, person, application=None) -> dict[str, object]:
    """What the page for recording a payment is filled with, as a browser would send it."""
    path = f"{LIST}{person.pk}/record/"
    form = desk.get(path, {"application": application.pk} if application else {}).context["form"]
    data = {name: form[name].value() for name in form.fields}
    if application:
        data["application"] = application.pk
    return {name: value for name, value in data.items() if value is not None and value is not False}


def record(desk, person, data, **changes):
    return desk.post(f"{LIST}{person.pk}/record/", {**data, **changes}, follow=True)


def said(response) -> str:
    return unescape(" ".join(str(message) for message in response.context["messages"]))
