from dataclasses import fields
from pathlib import Path

import pytest

from jobs.errors import SettingsError
from jobs.settings import _VARIABLES, Settings

BARE = {"REDIS_URL": "redis://127.0.0.1:6379/0"}
TOKEN = "s3cret-s3cret-s3cret"


def read(**env: str) -> Settings:
    return Settings.from_env({**BARE, **env})


#: Field: a value as text, and what becomes of it.
GOOD: dict[str, tuple[str, object]] = {
    "redis_url": ("unix:///run/redis.sock", "unix:///run/redis.sock"),
    "broker_url": ("redis://broker:6379/1", "redis://broker:6379/1"),
    "host": ("::1", "::1"),
    "port": ("65535", 65535),
    "share_port": ("1", True),
    "data": ("/srv/data", Path("/srv/data")),
    "files_url": ("s3://bucket/prefix", "s3://bucket/prefix"),
    "token": (TOKEN, TOKEN),
    "hosts": (" a.example , b.example,", ("a.example", "b.example")),
    "origins": ("https://a.example", ("https://a.example",)),
    "job_modules": ("mine,worker.catalogue", ("mine", "worker.catalogue")),
    "queues": ("slow,fast", ("slow", "fast")),
    "concurrency": ("16", 16),
    "pool": ("threads", "threads"),
    "retention_seconds": ("60", 60),
    "log_max_events": ("1000", 1000),
    "log_max_bytes": ("65536", 65536),
    "max_body_bytes": ("1000", 1000),
    "max_file_bytes": ("1", 1),
    "max_queued": ("1", 1),
    "max_streams": ("1", 1),
    "max_streams_per_job": ("1", 1),
    "max_streams_per_client": ("1", 1),
    "proxies": ("2", 2),
    "degrade": ("0", False),
    "degradation_level": ("4", 4),
    "heartbeat_seconds": ("0.5", 0.5),
    "rotate_seconds": ("10", 10.0),
    "stream_token_seconds": ("10", 10),
    "lease_seconds": ("2.5", 2.5),
    "drain_seconds": ("0", 0.0),
}
#: Field: values that cannot be. Those that are not here take any text.
BAD: dict[str, list[str]] = {
    "redis_url": [
        *("127.0.0.1:6379", "http://127.0.0.1", "localhost", "redis://[bad", "redis+sentinel://:secret@host:26379"),
        *("redis+sentinel://:secret@host/shop/two", "redis+cluster://:secret@host:6379/1", "redis+cluster://"),
        *("redis+cluster://:secret@one:6379,two:port", "redis+master://one"),
    ],
    "broker_url": ["redis+cluster://one:6379", "sentinel://one:26379", "redis+sentinel://:secret@one:26379"],
    "port": ["0", "65536", "-1", "80.5", "http", "1e3"],
    "share_port": ["yes", "true", "2"],
    "token": ["shorter-than-16"],
    "concurrency": ["0", "many", "1001"],
    "pool": ["solo", "Threads", "eventlet"],
    "retention_seconds": ["0", "-5", "7d"],
    "log_max_events": ["999", "x"],
    "log_max_bytes": ["65535", "x"],
    "max_body_bytes": ["999", "60001"],
    "max_file_bytes": ["0", "1GiB"],
    "max_queued": ["0"],
    "max_streams": ["0"],
    "max_streams_per_job": ["0"],
    "max_streams_per_client": ["0", "-1"],
    "proxies": ["-1", "11", "127.0.0.1"],
    "degrade": ["no", "2"],
    "degradation_level": ["-1", "5", "high"],
    "heartbeat_seconds": ["0", "nan", "inf", "-1", "15s"],
    "rotate_seconds": ["0.5"],
    "stream_token_seconds": ["9"],
    "lease_seconds": ["1.9", "nan"],
    "drain_seconds": ["-0.1", "inf"],
}


def test_every_setting_has_a_good_value_here() -> None:
    assert set(GOOD) == {field.name for field in fields(Settings)} == set(_VARIABLES)


@pytest.mark.parametrize("name", GOOD)
def test_a_variable_becomes_its_setting(name: str) -> None:
    text, value = GOOD[name]

    assert getattr(read(**{_VARIABLES[name][0]: text}), name) == value


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in BAD.items() for text in texts])
def test_a_value_that_cannot_be_stops_the_start_and_names_its_variable_but_not_itself(name: str, text: str) -> None:
    variable = _VARIABLES[name][0]
    with pytest.raises(SettingsError) as refused:
        read(**{variable: text})

    said = str(refused.value)
    assert said.startswith(f"{variable}: ")
    assert len(text) < 3 or text not in said
    assert "_" not in said.removeprefix(variable), "no name of our code"


@pytest.mark.parametrize("name", GOOD)
def test_an_empty_variable_is_one_that_is_not_set(name: str) -> None:
    if name != "redis_url":
        assert read(**{_VARIABLES[name][0]: "  "}) == read()


def test_no_secret_of_a_url_is_told() -> None:
    for text in BAD["redis_url"]:
        with pytest.raises(SettingsError) as refused:
            read(REDIS_URL=text)
        assert "secret" not in str(refused.value)


def test_sentinel_may_be_the_broker_too_a_cluster_may_not() -> None:
    sentinel, cluster = "redis+sentinel://one:26379,two:26379/shop", "redis+cluster://one:6379"
    assert read(REDIS_URL=sentinel).broker_url == sentinel
    assert read(REDIS_URL=cluster, TAILRACE_BROKER_URL=sentinel).broker_url == sentinel
    with pytest.raises(SettingsError, match=r"^TAILRACE_BROKER_URL: must be set"):
        read(REDIS_URL=cluster)


def test_without_a_redis_there_is_no_start() -> None:
    with pytest.raises(SettingsError, match=r"^REDIS_URL: .*tailrace up"):
        Settings.from_env({})


def test_what_is_not_set_follows_from_what_is() -> None:
    settings = read(TAILRACE_DATA="/srv/data")

    assert settings.broker_url == settings.redis_url
    assert settings.files_url == "/srv/data/files"
    assert read().data.is_absolute()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "[::1]", "localhost"])
def test_loopback_needs_no_token(host: str) -> None:
    assert read(TAILRACE_HOST=host).loopback


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "tailrace.example", "127.0.0.1.example", "*"])  # noqa: S104 - to be refused
def test_any_other_address_is_refused_without_one(host: str) -> None:
    with pytest.raises(SettingsError, match=r"^TAILRACE_HOST: .*TAILRACE_TOKEN") as refused:
        read(TAILRACE_HOST=host)
    assert host not in str(refused.value) or host == "*"
    assert read(TAILRACE_HOST=host, TAILRACE_TOKEN=TOKEN).host == host


def test_settings_do_not_show_their_secrets() -> None:
    settings = read(TAILRACE_TOKEN=TOKEN, TAILRACE_BROKER_URL="redis://:pass-word@broker/0")

    assert TOKEN not in repr(settings)
    assert "pass-word" not in repr(settings)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        read().port = 1  # type: ignore[misc]
