"""What a production start asks for, and what it refuses."""

import os
import re
import subprocess
import sys

import pytest
from django.conf import settings

GOOD = {
    "DEBUG": "0",
    "SECRET_KEY": "correct horse battery staple " * 2,
    "SITE_URL": "https://psg.example",
    "DATABASE_URL": "postgres://nobody:nothing@127.0.0.1:1/none",
    "EMAIL_URL": "smtp+tls://user:password@mail.example:587",
}

# The others of the example file; a number or a switch has no empty value.
VARIABLES = [
    *("ALLOWED_HOSTS", "DEFAULT_FROM_EMAIL", "ADMINS", "MEDIA_ROOT"),
    *("BANK_ACCOUNT_NAME", "BANK_SORT_CODE", "BANK_ACCOUNT_NUMBER", "CHEQUE_ADDRESS"),
    *("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "STRIPE_API_BASE"),
]


def start(*command: str, **changes: str) -> subprocess.CompletedProcess:
    """Run manage.py as production would. Every variable is set, if to nothing, so that no local .env fills it in."""
    environment = dict.fromkeys(VARIABLES, "") | GOOD | changes
    environment |= {"PATH": os.environ["PATH"], "PYTHONWARNINGS": "ignore"}
    return subprocess.run(
        [sys.executable, "manage.py", *(command or ("check",))],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("variable", ["SECRET_KEY", "SITE_URL", "DATABASE_URL", "EMAIL_URL"])
def test_a_missing_value_stops_the_start_with_one_line_that_says_which_and_how(variable):
    result = start(**{variable: ""})
    assert result.returncode == 1
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith(f"{variable}: is not set. Set it to ")


def test_a_stripe_key_without_the_secret_that_checks_its_news_stops_the_start():
    result = start(STRIPE_SECRET_KEY="sk_live_x")
    assert result.returncode == 1
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("STRIPE_WEBHOOK_SECRET: is not set.")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "development-only-" + "0" * 50),
        ("SITE_URL", "http://psg.example"),
        ("SITE_URL", "psg.example"),
        ("ALLOWED_HOSTS", "*"),
        ("STRIPE_API_BASE", "http://127.0.0.1:8100"),
    ],
)
def test_an_unsafe_value_stops_the_start_with_one_line(variable, value):
    result = start(**{variable: value})
    assert result.returncode == 1
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith(f"{variable}: ")


def test_the_deployment_check_has_nothing_to_say():
    result = start("check", "--deploy", "--fail-level", "WARNING")
    assert (result.returncode, result.stderr) == (0, "")
    assert "no issues" in result.stdout


@pytest.mark.long
def test_static_files_are_collected_with_hashed_names(tmp_path):
    code = (
        "from django.conf import settings; from django.core.management import call_command;"
        f"settings.STATIC_ROOT = {str(tmp_path)!r}; call_command('collectstatic', interactive=False, verbosity=0);"
        "from django.templatetags.static import static; print(static('css/site.css'))"
    )
    result = start("shell", "--no-imports", "-c", code)
    assert result.returncode == 0, result.stderr[-2000:]
    path = result.stdout.strip()
    assert re.fullmatch(r"/static/css/site\.[0-9a-f]{12}\.css", path)
    assert (tmp_path / path.removeprefix("/static/")).exists()


def test_the_demo_and_the_development_server_refuse_to_run_in_production():
    assert "development" in start("run").stderr


def test_every_variable_that_the_settings_read_is_in_the_example_file():
    example = (settings.BASE_DIR / ".env.example").read_text()
    read = set(
        re.findall(
            r"""(?:env\.\w+|required)\(\s*["']([A-Z_0-9]+)["']""", (settings.BASE_DIR / "psg/settings.py").read_text()
        )
    )
    assert {"DEBUG", "SECRET_KEY", "DATABASE_URL"} <= read
    named = set(re.findall(r"^([A-Z_0-9]+)=", example, re.MULTILINE))
    assert named == read


def test_a_variable_that_is_left_empty_as_in_the_example_file_has_its_default():
    code = "from django.conf import settings as s; print(s.DEFAULT_FROM_EMAIL, s.MEDIA_ROOT, s.ALLOWED_HOSTS, s.ADMINS)"
    result = start("shell", "--no-imports", "-c", code)
    media = settings.BASE_DIR / "var" / "media"
    assert result.stdout.strip() == f"Peru Support Group <website@psg.example> {media} ['psg.example'] []"
