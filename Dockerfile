# The image of web, worker, beat and migrate; docker-compose.yml shows how they go together.
FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /srv/pipes
RUN python -m venv /opt/venv
COPY requirements/production.txt requirements/production.txt
RUN /opt/venv/bin/pip install --require-hashes -r requirements/production.txt
COPY manage.py gunicorn.conf.py ./
COPY pipes pipes
COPY workspaces workspaces
COPY connections connections
COPY integrations integrations
COPY handbook handbook
COPY docs docs
COPY templates templates
COPY static static
# Settings that are needed to read them, not kept in the image: no server is asked while files are collected.
RUN DATABASE_URL=postgresql://build@127.0.0.1:1/build REDIS_URL=redis://127.0.0.1:1/0 \
    PIPES_SECRET_KEY=build PIPES_ENCRYPTION_KEYS=build:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= \
    PIPES_ALLOW_UNSAFE=http,email,secret-key,encryption-keys \
    /opt/venv/bin/python manage.py collectstatic --no-input

FROM python:3.11-slim-bookworm
# PYTHONPATH: before Python 3.13 the standard library has a module pipes too, and ours must come first.
ENV PATH=/opt/venv/bin:$PATH PYTHONPATH=/srv/pipes PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin pipes
WORKDIR /srv/pipes
COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv/pipes /srv/pipes
USER pipes
EXPOSE 8000
# Whom to believe about https is said by PIPES_TRUSTED_PROXIES. /dev/shm: the workers' heartbeat must not wait for a disk.
CMD ["gunicorn", "pipes.wsgi:application", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "4", \
     "--worker-tmp-dir", "/dev/shm", "--no-control-socket", "--forwarded-allow-ips", ""]
