"""Django settings. Everything that varies comes from the environment; `.env.example` names every variable.

Development needs none of them. A production start (`DEBUG=0`) with a missing or unsafe value stops with one line that
says which, and how to set it.
"""

import sys
from email.utils import parseaddr
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF

from psg import database, richtext

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")


def stop(variable: str, how: str) -> NoReturn:
    """End the start with one line that names the variable and says how to set it."""
    sys.exit(f"{variable}: {how} See .env.example.")


def required(variable: str, how: str) -> str:
    """The variable's value; in production an empty one stops the start."""
    value = env.str(variable, default="").strip()
    if not value and not DEBUG:
        stop(variable, f"is not set. {how}")
    return value


DEBUG = env.bool("DEBUG", default=True)

# --- Secrets and addresses ---------------------------------------------------------------------------------------

SECRET_KEY = required("SECRET_KEY", "Set it to 50 or more random characters.") or "development-only-" + "0" * 50
_GUESSABLE = SECRET_KEY.startswith(("development-only-", "django-insecure-")) or len(set(SECRET_KEY)) < 5
if not DEBUG and (len(SECRET_KEY) < 50 or _GUESSABLE):
    stop("SECRET_KEY", "can be guessed. Set it to 50 or more random characters.")

SITE_URL = required("SITE_URL", "Set it to the public address, like https://example.org.").rstrip("/") or (
    f"http://127.0.0.1:{env.int('PORT', default=8000)}"
)
_site = urlsplit(SITE_URL)
if not _site.hostname or (not DEBUG and _site.scheme != "https"):
    stop("SITE_URL", "must be a full address that starts with https:// (http:// in development only).")

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[]) or [_site.hostname]
if DEBUG:
    ALLOWED_HOSTS += ["127.0.0.1", "localhost", "[::1]"]
elif "*" in ALLOWED_HOSTS:
    stop("ALLOWED_HOSTS", "must name the site's hosts; '*' lets anyone forge the address in our mails.")
CSRF_TRUSTED_ORIGINS = [SITE_URL]

SITE_NAME = "Peru Support Group"
SITE_SHORT_NAME = "PSG"

# --- Applications ------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "psg",
    "psg.publishing",
    "psg.library",
    "news",
    "pages",
    "membership",
    "events",
    "psg.backoffice.admin_config.BackofficeAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.sitemaps",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "csp",
    "django_q",
    "simple_history",
    "tree_queries",
    *richtext.INSTALLED_APPS,
    "psg.backoffice",  # after auth: its roles need the permissions that auth makes
]

MIDDLEWARE = [
    "psg.middleware.answer_health_checks",
    "django.middleware.security.SecurityMiddleware",
    "psg.middleware.refuse_nul_bytes",
    # In development Django's own static files app serves them, unhashed.
    *([] if DEBUG else ["whitenoise.middleware.WhiteNoiseMiddleware"]),
    "csp.middleware.CSPMiddleware",
    "psg.middleware.CompressPages",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "psg.middleware.follow_redirects",  # inside: what staff entered is asked before a slash is added
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "psg.middleware.ErrorPages",
]

ROOT_URLCONF = "psg.development" if DEBUG else "psg.urls"
WSGI_APPLICATION = "psg.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "psg.context.site",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"

# --- Database ----------------------------------------------------------------------------------------------------

DATABASE_URL = required("DATABASE_URL", "Set it to postgres://user:password@host:5432/name.")
DATABASES = {"default": database.config(DATABASE_URL, VAR_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Time and language -------------------------------------------------------------------------------------------

USE_TZ = True
TIME_ZONE = "Europe/London"
USE_I18N = True
LANGUAGE_CODE = "en-gb"
LANGUAGES = [("en", "English"), ("es", "Español")]

# --- Files -------------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "psg.styles.BundleFinder",
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]
MEDIA_URL = "/media/"
MEDIA_ROOT = env.str("MEDIA_ROOT", default="") or str(VAR_DIR / "media")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
# Uploads stream to disk above 2.5 MB; a form as a whole, pictures apart, is small.
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

# --- People ------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "psg.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "CommonPasswordValidator", "NumericPasswordValidator")
] + [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    }
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "account_home"

ACCOUNT_ADAPTER = "psg.accounts.AccountAdapter"
ACCOUNT_FORMS = {"request_login_code": "psg.sign_in.RequestCodeForm"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 15 * 60
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = _site.scheme
# Limits count by the visitor's network address. X-Forwarded-For is believed as far as our own proxies wrote it.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)

# --- Mail --------------------------------------------------------------------------------------------------------

# Mail is handed to the worker, which sends it through MAIL_TRANSPORT: a mail server that is down loses nothing.
EMAIL_BACKEND = "psg.mail.QueueBackend"
EMAIL_URL = required("EMAIL_URL", "Set it to smtp+tls://user:password@host:587.")
if EMAIL_URL:
    globals().update(env.email_url_config(EMAIL_URL) | {"EMAIL_BACKEND": EMAIL_BACKEND})
    MAIL_TRANSPORT = env.email_url_config(EMAIL_URL)["EMAIL_BACKEND"]
else:
    MAIL_TRANSPORT = "psg.mail.DevelopmentBackend"
EMAIL_TIMEOUT = 20
DEVELOPMENT_MAIL_DIR = VAR_DIR / "mail"
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="") or f"{SITE_NAME} <website@{_site.hostname}>"
SERVER_EMAIL = DEFAULT_FROM_EMAIL
CONTACT_EMAIL = env.str("CONTACT_EMAIL", default="") or parseaddr(DEFAULT_FROM_EMAIL)[1]
ADMINS = [parseaddr(address) for address in env.list("ADMINS", default=[])]

# --- Membership --------------------------------------------------------------------------------------------------

# How long somebody stays a member after the last day that they paid for. Staff see it beside each term.
MEMBERSHIP_GRACE_DAYS = env.int("MEMBERSHIP_GRACE_DAYS", default=30)
# Where transfers go, and cheques. Without an account, joining offers cheques only.
BANK_ACCOUNT_NAME = env.str("BANK_ACCOUNT_NAME", default="")
BANK_SORT_CODE = env.str("BANK_SORT_CODE", default="")
BANK_ACCOUNT_NUMBER = env.str("BANK_ACCOUNT_NUMBER", default="")
CHEQUE_ADDRESS = env.str("CHEQUE_ADDRESS", default="")
if DEBUG and not BANK_ACCOUNT_NUMBER:
    BANK_ACCOUNT_NAME, BANK_SORT_CODE, BANK_ACCOUNT_NUMBER = "Demo account, do not pay", "00-00-00", "00000000"
if DEBUG and not CHEQUE_ADDRESS:
    CHEQUE_ADDRESS = "Demo address, do not post, 1 Demo Street, London"

# --- Payments ----------------------------------------------------------------------------------------------------

# With no key in development, the site talks to the local sandbox (psg/stripe_sandbox) that `make run` starts beside it.
STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", default="")
STRIPE_WEBHOOK_SECRET = env.str("STRIPE_WEBHOOK_SECRET", default="")
STRIPE_API_BASE = env.str("STRIPE_API_BASE", default="")
STRIPE_SANDBOX = DEBUG and not STRIPE_SECRET_KEY
if STRIPE_SANDBOX:
    STRIPE_SECRET_KEY = "sk_test_local_sandbox"  # noqa: S105 (both are known to everybody, and open nothing)
    STRIPE_WEBHOOK_SECRET = STRIPE_WEBHOOK_SECRET or "whsec_local_sandbox"
    STRIPE_API_BASE = STRIPE_API_BASE or f"http://127.0.0.1:{env.int('PORT', default=8000) + 100}"
if STRIPE_SECRET_KEY and not STRIPE_WEBHOOK_SECRET and not DEBUG:
    stop("STRIPE_WEBHOOK_SECRET", "is not set. Copy it from the webhook endpoint in Stripe's dashboard (whsec_…).")
if STRIPE_API_BASE and not DEBUG:
    stop("STRIPE_API_BASE", "is for development only; leave it empty, so that payments go to Stripe.")

# --- Jobs --------------------------------------------------------------------------------------------------------

Q_CLUSTER = {
    "name": "psg",
    "orm": "default",
    "workers": 2,
    "timeout": 300,
    "retry": 360,  # longer than the timeout, so that a job never runs twice at once
    "max_attempts": 5,
    "ack_failures": False,
    "poll": 0.5,
    "save_limit": 1000,
    "catch_up": False,
    "label": "Jobs",
}

# --- Security ----------------------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "frame-src": [SELF],
        # Chromium holds a form to this after redirects too: to Stripe's page to pay on, and its page to change a card.
        "form-action": [SELF],
        "manifest-src": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
if not DEBUG:
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^readyz/$"]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True

SILENCED_SYSTEM_CHECKS = richtext.SILENCED_SYSTEM_CHECKS

# --- Logs --------------------------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line"},
        "mail_admins": {
            "class": "django.utils.log.AdminEmailHandler",
            "level": "ERROR",
            "filters": ["require_debug_false"],
        },
    },
    "filters": {"require_debug_false": {"()": "django.utils.log.RequireDebugFalse"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": ["console", "mail_admins"], "level": "WARNING", "propagate": False},
        # Whoever scans the net with made-up host names gets 400; nobody needs to be told.
        "django.security.DisallowedHost": {"handlers": [], "propagate": False},
        "django.request": {"handlers": ["console", "mail_admins"], "level": "ERROR", "propagate": False},
        "django.server": {"handlers": ["console"], "level": "ERROR", "propagate": False},
        "psg": {"handlers": ["console"], "level": "INFO", "propagate": False},
    },
}
