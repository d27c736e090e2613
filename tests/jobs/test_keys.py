import inspect

from jobs import keys


def test_all_that_belongs_to_one_job_shares_its_hash_tag() -> None:
    assert all("{abc}" in key for key in (keys.head("abc"), keys.log("abc"), keys.checkpoint("abc")))


def test_all_that_belongs_to_the_service_shares_another() -> None:
    constants = [key for name, key in vars(keys).items() if name.isupper() and name != "PREFIX"]

    assert len(constants) == len(set(constants)) >= 12
    assert all("{tr1}" in key for key in [*constants, keys.waiting("q"), keys.idempotency("d"), keys.file("f")])


def test_every_key_carries_the_version_of_the_schema() -> None:
    made = [f("x") for name, f in inspect.getmembers(keys, inspect.isfunction) if name != "job_of_channel"]

    assert len(made) == len(set(made))
    assert all(key.startswith(f"{keys.PREFIX}:") for key in made)


def test_a_channel_tells_its_job() -> None:
    assert keys.job_of_channel(keys.log("01j9zc3k2v8r5n7m4q6w0x1y2e").encode()) == "01j9zc3k2v8r5n7m4q6w0x1y2e"
