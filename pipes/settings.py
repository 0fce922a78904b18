"""All settings, from the environment; README.md lists the variables.

There is one file for every environment: what differs between them is a variable, and what is unsafe to default has
no default.
"""

import logging
from pathlib import Path
from typing import Any

import django_stubs_ext
from csp.constants import NONE, SELF
from redis.backoff import NoBackoff
from redis.retry import Retry

from pipes import env as read
from pipes import safety
from pipes.env import env
from pipes.monitoring import logs, sentry
from pipes.worker.lanes import BROKER_OPTIONS, ROUTES

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = read.is_debugged()
SECRET_KEY = env.str("PIPES_SECRET_KEY")
SECRET_KEY_FALLBACKS = env.list("PIPES_SECRET_KEY_FALLBACKS", default=[])  # those before it, while they still count
ALLOWED_HOSTS = env.list("PIPES_ALLOWED_HOSTS", default=["localhost", "127.0.0.1"])
BASE_URL = env.str("PIPES_BASE_URL", default="http://localhost:8000")
DOCS_URL = env.str("PIPES_DOCS_URL", default="")

# --- Applications -------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "workspaces",
    "connections",
    "integrations",
    "pipes.apps.PipesConfig",
    "pipes.apps.OperatorAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_htmx",
    "template_partials",
    "lucide",
    "django_structlog",
    "guardian",
]

MIDDLEWARE = [
    "pipes.monitoring.metrics.MetricsMiddleware",
    "pipes.middleware.TrustedProxiesMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "pipes.middleware.PrivateAnswersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "pipes.middleware.BodyLimitMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "workspaces.sign_in.after_response.AfterResponseMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "workspaces.sign_in.sessions.SessionTrackingMiddleware",
]

ROOT_URLCONF = "pipes.urls"
WSGI_APPLICATION = "pipes.wsgi.application"

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
                "workspaces.scoping.console",
                "integrations.views.overview.console",
            ],
            "builtins": [
                "django.contrib.humanize.templatetags.humanize",
                "django_htmx.templatetags.django_htmx",
                "handbook.templatetags.handbook",
                "lucide.templatetags.lucide",
                "template_partials.templatetags.partials",
                "workspaces.templatetags.console",
            ],
        },
    }
]

# --- Database, broker, cache --------------------------------------------------------------------------------------

DATABASES = {"default": read.database()}
if env.str("DATABASE_OWNER_URL", default=""):
    # Owns the tables and migrates them. Only `manage.py migrate` and the tests are given it.
    DATABASES["owner"] = env.db_url("DATABASE_OWNER_URL")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = read.redis_url(env.str("REDIS_URL"))
# A person waits for a page meanwhile; one try more, for each connection is dead once after it restarted.
REDIS_OPTIONS: dict[str, Any] = {"socket_connect_timeout": 0.25, "socket_timeout": 0.25, "retry": Retry(NoBackoff(), 1)}
_REDIS: dict[str, Any] = {"LOCATION": REDIS_URL, "OPTIONS": REDIS_OPTIONS}
CACHES = {
    "default": {"BACKEND": "pipes.cache.FallbackCache", **_REDIS},
    # What pages have counted: see workspaces/web/remembered.py.
    "remembered": {"BACKEND": "pipes.cache.SpareCache", "KEY_PREFIX": "remembered", **_REDIS},
}
# Not in the cache: a session that was ended while Redis was away must not come back with it.
# A session ends when nobody has used it for so long, however it was begun …
SESSION_COOKIE_AGE = 3600 * env.int("PIPES_SESSION_IDLE_HOURS", default=24)
# … and after so many days, however much it is used.
PIPES_SESSION_DAYS = env.int("PIPES_SESSION_DAYS", default=14)
SESSION_ENGINE = "workspaces.sign_in.session_store"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# --- Background work ----------------------------------------------------------------------------------------------

CELERY_BEAT_SCHEDULER = "pipes.worker.beat:Scheduler"
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=", 1)
CELERY_TASK_ROUTES = ROUTES
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # it comes back some day
CELERY_BROKER_CHANNEL_ERROR_RETRY = True  # a broker that is full, too
CELERY_TASK_PUBLISH_RETRY = False  # the sender gets the error at once; the tables know what is still to do
CELERY_BROKER_TRANSPORT_OPTIONS = BROKER_OPTIONS

# Where the worker writes that its work moves, a file for each lane, for a health check.
PIPES_SIGNS_OF_LIFE = env.str("PIPES_SIGNS_OF_LIFE", default="/tmp/pipes-worker")  # noqa: S108  nothing is read from it

# How long a sync's claim counts without being renewed (it is, six times in that time): the wait after a worker died.
PIPES_SYNC_CLAIM_SECONDS = env.float("PIPES_SYNC_CLAIM_SECONDS", default=60.0)

# How many syncs of one tenant may be under way at once, so that it leaves workers to the others.
PIPES_SYNCS_PER_TENANT = env.int("PIPES_SYNCS_PER_TENANT", default=8)

# How many tests of access, trials of settings and previews of one tenant may be under way at once.
PIPES_TESTS_PER_TENANT = env.int("PIPES_TESTS_PER_TENANT", default=4)

# How long the records of syncs are kept, in days; the last few of each integration are kept whatever their age.
PIPES_RUNS_KEPT_DAYS = env.int("PIPES_RUNS_KEPT_DAYS", default=365)

# --- People -------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "workspaces.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
GUARDIAN_MONKEY_PATCH_USER = GUARDIAN_MONKEY_PATCH_GROUP = False  # see workspaces/delegation
ANONYMOUS_USER_NAME = None
SILENCED_SYSTEM_CHECKS = ["guardian.W001"]  # its backend would let superusers do everything
PIPES_PASSWORD_LENGTH = 10  # at least
_validation = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": f"{_validation}.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "handle", "name")},
    },
    {"NAME": f"{_validation}.MinimumLengthValidator", "OPTIONS": {"min_length": PIPES_PASSWORD_LENGTH}},
    {"NAME": f"{_validation}.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "workspaces.sign_in.adapter.AccountAdapter"
_adapter, _second_factors = "workspaces.sign_in.adapter", "workspaces.sign_in.second_factors"
ACCOUNT_FORMS = {"login": f"{_adapter}.SignInForm", "reset_password": f"{_adapter}.ResetForm"}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_REAUTHENTICATION_REQUIRED = True  # before what decides who can sign in to an account
ACCOUNT_EMAIL_NOTIFICATIONS = True  # of every such change
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_MAX_EMAIL_ADDRESSES = 5
ACCOUNT_RATE_LIMITS = {  # of what writes to an address that somebody has typed; the others stay as the library has them
    "reset_password": "20/m/ip,3/h/key",
    "manage_email": "10/m/user,30/h/user",
    "confirm_email": "1/3m/key,5/h/key",
}
USERSESSIONS_TRACK_ACTIVITY = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # the one who added a person vouches for the address
MFA_ADAPTER = f"{_second_factors}.SecondFactorAdapter"
MFA_FORMS = {"authenticate": f"{_second_factors}.SignInCodeForm", "reauthenticate": f"{_second_factors}.ProofCodeForm"}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
vars().update(env.email_url_config(env.str("EMAIL_URL", default="") or "consolemail://"))
EMAIL_TIMEOUT = 10  # seconds; requests wait for the mail server
DEFAULT_FROM_EMAIL = env.str("PIPES_FROM_EMAIL", default="Pipes <pipes@localhost>")

# Lets webhooks lead to private addresses and to http://, for the demo and for closed networks of one customer only.
PIPES_WEBHOOK_ALLOW_PRIVATE = env.bool("PIPES_WEBHOOK_ALLOW_PRIVATE", default=False)
# Where else webhooks may lead than to 443, and 80 with http://: at each port of each host they would be a scanner.
PIPES_WEBHOOK_PORTS = read.port_ranges(env.list("PIPES_WEBHOOK_PORTS", default=[]))

# --- Secrets and AWS ----------------------------------------------------------------------------------------------

ENCRYPTION_KEYS = read.encryption_keys(env.str("PIPES_ENCRYPTION_KEYS"))
PIPES_AWS_PRINCIPALS = read.aws_principals(env.list("PIPES_AWS_PRINCIPAL_ARN", default=[]))
# An endpoint of your own instead of AWS; passed to each client by name, so that no stray variable redirects requests.
AWS_ENDPOINT_URL = env.str("AWS_ENDPOINT_URL", default="") or None
# How much of the rates that AWS publishes for an account we take at most; the rest is left to what else runs there.
PIPES_AWS_QUOTA_SHARE = env.float("PIPES_AWS_QUOTA_SHARE", default=1.0)
# Where the CloudFormation templates lie for links that launch them; there are no such links without it.
PIPES_TEMPLATES_URL = read.templates_url(env.str("PIPES_TEMPLATES_URL", default=""))

# --- Web ----------------------------------------------------------------------------------------------------------

# How many reverse proxies stand in front: as many entries at the end of a forwarding header are believed.
PIPES_TRUSTED_PROXIES = env.int("PIPES_TRUSTED_PROXIES", default=0)
IPWARE_META_PRECEDENCE_ORDER = ("REMOTE_ADDR",)  # what the log takes for the client's address

_https = BASE_URL.startswith("https://")
CSRF_TRUSTED_ORIGINS = [BASE_URL]
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE = SECURE_SSL_REDIRECT = _https
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")  # there when it comes from a trusted proxy only
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^api/"]
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _https and env.bool("PIPES_HSTS_SUBDOMAINS", default=True)
SECURE_HSTS_PRELOAD = SECURE_HSTS_INCLUDE_SUBDOMAINS and env.bool("PIPES_HSTS_PRELOAD", default=True)
# Where to report vulnerabilities, as /.well-known/security.txt says; an address or a URL.
PIPES_SECURITY_CONTACT = env.str("PIPES_SECURITY_CONTACT", default="")
SECURE_REFERRER_POLICY = "same-origin"
CSRF_FAILURE_VIEW = "workspaces.views.expired.form_expired"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True  # scripts take the token from the page
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440  # bytes of any body
DATA_UPLOAD_MAX_NUMBER_FILES = 0  # nothing is to fill /tmp, which may be memory
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        **{name: [SELF] for name in ("script-src", "style-src", "connect-src", "form-action")},
        "img-src": [SELF, "data:"],
        **{name: [NONE] for name in ("default-src", "base-uri", "frame-ancestors")},
    }
}

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False

DJANGO_STRUCTLOG_USER_ID_FIELD = ""  # where somebody is signed in, workspaces/sign_in/sessions.py says who
# A request is logged when it has its answer, a task when it failed: what it did it logs itself.
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG
DJANGO_STRUCTLOG_CELERY_TASK_START_LOG_LEVEL = DJANGO_STRUCTLOG_CELERY_TASK_SUCCESS_LOG_LEVEL = logging.DEBUG
LOGGING = logs.from_environment()

# --- Being watched ------------------------------------------------------------------------------------------------

# Clients with this token read the figures at /metrics; without one nobody does.
PIPES_METRICS_TOKEN = env.str("PIPES_METRICS_TOKEN", default="")
DEFAULT_EXCEPTION_REPORTER_FILTER = "pipes.monitoring.error_reports.ReportFilter"
# Where errors are reported to; nowhere without it.
PIPES_SENTRY_DSN = env.str("PIPES_SENTRY_DSN", default="")
if PIPES_SENTRY_DSN:
    sentry.start(PIPES_SENTRY_DSN)

# --- What nobody should start by accident -------------------------------------------------------------------------

safety.refuse(
    {
        "debug": DEBUG,
        "hosts": "*" in ALLOWED_HOSTS,
        "http": not _https,
        "proxies": _https and not PIPES_TRUSTED_PROXIES,
        "email": vars()["EMAIL_BACKEND"].startswith(safety.LOCAL_EMAIL_BACKENDS),
        "secret-key": any(safety.is_guessable(key, shortest=50) for key in (SECRET_KEY, *SECRET_KEY_FALLBACKS)),
        "encryption-keys": any(safety.is_guessable(key, shortest=32) for key in ENCRYPTION_KEYS.values()),
        "aws-endpoint": AWS_ENDPOINT_URL is not None,
        "webhooks": PIPES_WEBHOOK_ALLOW_PRIVATE,
    },
    allowed=env.list("PIPES_ALLOW_UNSAFE", default=[]),
)
