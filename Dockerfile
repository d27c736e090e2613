FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=/tailrace TAILRACE_DATA=/data
WORKDIR /tailrace

# The pinned packages first: they change less often than the code.
COPY requirements.txt .
RUN pip install --no-cache-dir --disable-pip-version-check -r requirements.txt

COPY . .
RUN useradd --system --home-dir /data --create-home tailrace
USER tailrace
VOLUME /data

# The lines of the Procfile are the commands; docker-compose.yml runs each in a service of its own.
CMD ["gunicorn", "-c", "gunicorn.conf.py", "app.wsgi:app"]
