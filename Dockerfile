# The site's image: one for the web process, the worker and one-off commands.
FROM python:3.11-slim-bookworm AS build
WORKDIR /srv/psg
COPY requirements/base.txt requirements/
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements/base.txt

FROM python:3.11-slim-bookworm
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DEBUG=0
WORKDIR /srv/psg
RUN useradd --system --home-dir /srv/psg psg && install -d -o psg /srv/media
COPY --from=build /venv /venv
COPY . .
# Static files belong to the image. The values only satisfy the settings; nothing of them is kept.
RUN SECRET_KEY=build-only-build-only-build-only-build-only-build-only SITE_URL=https://build.invalid \
    DATABASE_URL=postgres://build.invalid/none EMAIL_URL=dummymail:// python manage.py collectstatic --noinput
USER psg
EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "psg.wsgi:application"]
