import pytest

from jobs.redis_url import Mode, RedisUrl


@pytest.mark.parametrize("text", ["redis://h:1/2", "rediss://:pw@h", "unix:///run/redis.sock?db=1"])
def test_one_server_is_left_to_redis_py(text: str) -> None:
    assert RedisUrl.parse(text) == RedisUrl(mode=Mode.SERVER, text=text)


def test_a_master_is_named_by_its_sentinels_and_its_service() -> None:
    url = RedisUrl.parse("redis+sentinel://app:p%40ss@one:1,two,[::1]:3/shop/4")

    assert (url.mode, url.service, url.db) == (Mode.SENTINEL, "shop", 4)
    assert url.nodes == (("one", 1), ("two", 26379), ("::1", 3))
    assert url.server("10.0.0.1", 6379) == "redis://app:p%40ss@10.0.0.1:6379/4?"
    assert RedisUrl.parse("redis+sentinel://one/shop").db == 0


def test_a_cluster_is_named_by_any_of_its_nodes() -> None:
    url = RedisUrl.parse("rediss+cluster://:pw@one:1,two/0?ssl_ca_certs=/ca.pem")

    assert (url.mode, url.nodes, url.tls) == (Mode.CLUSTER, (("one", 1), ("two", 6379)), True)
    assert url.server("::1", 7000) == "rediss://:pw@[::1]:7000/0?ssl_ca_certs=%2Fca.pem"


def test_what_the_sentinels_ask_for_is_theirs_alone() -> None:
    url = RedisUrl.parse("redis+sentinel://:data@one/shop?sentinel_username=watch&sentinel_password=man&client_name=x")

    assert url.sentinel_options == {"username": "watch", "password": "man"}
    assert url.options == {"client_name": "x"}


def test_nothing_secret_is_shown() -> None:
    for text in ("redis://:secret@h", "redis+sentinel://:secret@one/shop?sentinel_password=secret"):
        assert "secret" not in repr(RedisUrl.parse(text))
