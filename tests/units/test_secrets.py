import traceback

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from worker.errors import ConfigurationError
from worker.secrets import Vault

OLD, NEW, OTHER = (Fernet.generate_key().decode() for _ in range(3))
STATE = '{"cookies": [{"name": "sid", "value": "s3cret"}]} é 李'


def vault(*keys: str) -> Vault:
    return Vault(SecretStr(",".join(keys)))


def everything_told(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


def test_what_was_sealed_is_opened_and_not_shown() -> None:
    sealed = vault(OLD).seal(STATE)
    assert b"s3cret" not in sealed
    opened = vault(OLD).open(sealed)
    assert opened.get_secret_value() == STATE
    assert "s3cret" not in f"{opened} {opened!r}"


def test_sealing_twice_gives_two_seals() -> None:
    assert vault(OLD).seal(STATE) != vault(OLD).seal(STATE)


def test_after_a_rotation_old_seals_open_and_new_ones_need_the_new_key() -> None:
    old_seal = vault(OLD).seal(STATE)
    rotated = vault(NEW, OLD)
    assert rotated.open(old_seal).get_secret_value() == STATE
    new_seal = rotated.seal(STATE)
    assert vault(NEW).open(new_seal).get_secret_value() == STATE
    with pytest.raises(ConfigurationError):
        vault(OLD).open(new_seal)


def test_spaces_and_empty_places_between_keys_are_no_keys() -> None:
    sealed = vault(OLD).seal(STATE)
    assert Vault(SecretStr(f" {NEW} ,, {OLD},")).open(sealed).get_secret_value() == STATE


@pytest.mark.parametrize("damage", [lambda seal: seal[:-5], lambda seal: b"x" + seal, lambda _: b""])
def test_a_seal_that_no_key_fits_or_that_is_damaged_says_what_to_look_at(damage) -> None:  # type: ignore[no-untyped-def]
    for keys, seal in (((OTHER,), vault(OLD).seal(STATE)), ((OLD,), damage(vault(OLD).seal(STATE)))):
        with pytest.raises(ConfigurationError, match="RAPPORT_SECRET_KEYS") as refused:
            vault(*keys).open(seal)
        told = everything_told(refused.value)
        assert not any(key in told for key in (*keys, OLD, "s3cret"))


@pytest.mark.parametrize(
    "keys",
    ["", " , ", "not-a-key", "not-a-key," + OLD, OLD[:-2], "é" * 44],
    ids=["empty", "no key", "no key at all", "one bad", "cut short", "not ascii"],
)
def test_keys_that_are_none_are_refused_without_being_told(keys: str) -> None:
    with pytest.raises(ConfigurationError, match="RAPPORT_SECRET_KEYS") as refused:
        Vault(SecretStr(keys))
    told = everything_told(refused.value)
    assert not any(key.strip() and key.strip() in told for key in keys.split(","))
