"""Virtual MFA devices: made, proved, synchronised, taken away; every refusal in AWS's code."""

import zlib
from datetime import timedelta
from typing import Any

import pytest

from sekisho.decide.sts.totp import time_step, totp
from sekisho.decide.values import Instant, Secret
from sekisho.facts import Kind, MfaDevice, User
from sekisho.facts.iam_lookup import mfa_device
from sekisho.lab.aws.iam import users
from sekisho.lab.aws.iam.mfa_devices import MAX_DEVICES_PER_USER
from sekisho.lab.aws.iam.qr_code import enrolment_uri, qr_png
from unit.lab.aws.iam.build import ACCOUNT, MIRA, NOW, SEED, SESSION, Iam

USER = User(ACCOUNT, "mira", "AIDAMIRAMIRAMIRAMIRA1", NOW)
SERIAL = "arn:aws:iam::111122223333:mfa/mira"
WHO: dict[str, str] = {"UserName": "mira", "SerialNumber": SERIAL}
STEP = time_step(NOW)
NOT_VALID = ("InvalidAuthenticationCode", "Authentication code for device is not valid.", 403)
NOT_HELD = ("NoSuchEntity", "MFA Device invalid for user.", 404)


def codes(step: int) -> dict[str, str]:
    """Return the two codes of which the second is of ``step``."""
    return {"AuthenticationCode1": totp(SEED, step - 1), "AuthenticationCode2": totp(SEED, step)}


def made() -> Iam:
    iam = Iam(USER)
    iam.ask("CreateVirtualMFADevice", VirtualMFADeviceName="mira")
    return iam


def enabled() -> Iam:
    iam = made()
    iam.ask("EnableMFADevice", **WHO, **codes(STEP))
    return iam


def device(iam: Iam) -> MfaDevice:
    found = mfa_device(iam.facts, ACCOUNT, SERIAL)
    assert found is not None
    return found


def test_a_new_device_tells_its_seed_once() -> None:
    iam = Iam()
    answer = iam.ask(
        "CreateVirtualMFADevice",
        VirtualMFADeviceName="mira",
        Path="/ops/",
        Tags=[{"Key": "team", "Value": "a"}],
    )["VirtualMFADevice"]
    assert answer["SerialNumber"] == "arn:aws:iam::111122223333:mfa/ops/mira"
    assert answer["Base32StringSeed"] == SEED.reveal().encode()
    assert answer["Tags"] == [{"Key": "team", "Value": "a"}]
    assert iam.secrets == {f"mfa-seed/{answer['SerialNumber']}": SEED}
    listed = iam.ask("ListVirtualMFADevices")["VirtualMFADevices"]
    assert listed == [{"SerialNumber": answer["SerialNumber"]}]
    assert SEED.reveal() not in repr(iam.known(Kind.MFA_DEVICE))


def test_the_code_is_a_png_that_authenticator_apps_read() -> None:
    uri = enrolment_uri("mira", ACCOUNT, SEED)
    assert uri.reveal() == (
        "otpauth://totp/Amazon%20Web%20Services:mira@111122223333"
        f"?secret={SEED.reveal()}&issuer=Amazon%20Web%20Services"
    )
    image = qr_png(uri)
    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = (int.from_bytes(image[at : at + 4], "big") for at in (16, 20))
    # Four pixels a module, four modules of white around it; a QR code has 17 + 4 * version modules.
    modules = width // 4 - 8
    assert (width, (modules - 17) % 4) == (height, 0)
    start = image.index(b"IDAT")
    size = int.from_bytes(image[start - 4 : start], "big")
    rows = zlib.decompress(image[start + 4 : start + 4 + size])
    assert len(rows) == height * (1 + (width + 7) // 8)


def test_a_name_is_taken_under_its_path_only() -> None:
    iam = made()
    refused = iam.refusal("CreateVirtualMFADevice", VirtualMFADeviceName="mira")
    text = "MFADevice entity at the same path and name already exists."
    assert refused == ("EntityAlreadyExists", text, 409)
    iam.ask("CreateVirtualMFADevice", VirtualMFADeviceName="mira", Path="/ops/")


def test_two_codes_in_a_row_give_the_device_to_the_user() -> None:
    iam = enabled()
    described = {"UserName": "mira", "SerialNumber": SERIAL, "EnableDate": NOW}
    assert iam.ask("ListMFADevices", UserName="mira")["MFADevices"] == [described]
    assert iam.ask("GetMFADevice", SerialNumber=SERIAL, UserName="mira") == described
    assert device(iam).used == STEP
    (listed,) = iam.ask("ListVirtualMFADevices")["VirtualMFADevices"]
    assert (listed["User"]["UserName"], listed["EnableDate"]) == ("mira", NOW)


def test_a_user_asks_for_the_devices_of_its_own() -> None:
    iam = enabled()
    iam.caller = MIRA
    assert len(iam.ask("ListMFADevices")["MFADevices"]) == 1
    assert iam.ask("GetMFADevice", SerialNumber=SERIAL)["UserName"] == "mira"
    iam.ask("DeactivateMFADevice", SerialNumber=SERIAL)
    assert iam.ask("ListMFADevices")["MFADevices"] == []
    iam.caller = SESSION
    assert iam.refusal("ListMFADevices")[0] == "ValidationError"


@pytest.mark.parametrize("away", [-20, 0, 20])
def test_a_clock_that_is_off_is_learnt(away: int) -> None:
    iam = made()
    iam.ask("EnableMFADevice", **WHO, **codes(STEP + away))
    assert (device(iam).drift, device(iam).used) == (away, STEP + away)


BAD_CODES: dict[str, dict[str, str]] = {
    "made up": {"AuthenticationCode1": "000000", "AuthenticationCode2": "000001"},
    "the same twice": {"AuthenticationCode1": totp(SEED, STEP), "AuthenticationCode2": totp(SEED, STEP)},
    "older than ten minutes": codes(STEP - 21),
    "later than in ten minutes": codes(STEP + 21),
}


@pytest.mark.parametrize("given", BAD_CODES.values(), ids=BAD_CODES.keys())
def test_codes_that_prove_nothing(given: dict[str, str]) -> None:
    iam = made()
    assert iam.refusal("EnableMFADevice", **WHO, **given) == NOT_VALID
    iam.ask("EnableMFADevice", **WHO, **codes(STEP))
    iam.now = NOW + timedelta(minutes=2)
    assert iam.refusal("ResyncMFADevice", **WHO, **codes(STEP - 16)) == NOT_VALID


def test_resynchronising_takes_later_codes_only() -> None:
    iam = enabled()
    assert iam.refusal("ResyncMFADevice", **WHO, **codes(STEP)) == NOT_VALID
    assert iam.refusal("ResyncMFADevice", **WHO, **codes(STEP + 1)) == NOT_VALID
    iam.ask("ResyncMFADevice", **WHO, **codes(STEP + 5))
    assert (device(iam).drift, device(iam).used, device(iam).user) == (5, STEP + 5, "mira")


def test_a_device_whose_seed_is_gone_proves_nothing() -> None:
    iam = made()
    iam.secrets.clear()
    assert iam.refusal("EnableMFADevice", **WHO, **codes(STEP)) == NOT_VALID


def test_a_device_in_use_is_not_given_again_and_not_deleted() -> None:
    iam = enabled()
    assert iam.refusal("EnableMFADevice", **WHO, **codes(STEP + 2))[::2] == ("EntityAlreadyExists", 409)
    refused = ("DeleteConflict", "MFA VirtualDevice in use. Must deactivate first.", 409)
    assert iam.refusal("DeleteVirtualMFADevice", SerialNumber=SERIAL) == refused
    iam.ask("DeactivateMFADevice", **WHO)
    iam.ask("DeleteVirtualMFADevice", SerialNumber=SERIAL)
    assert iam.known(Kind.MFA_DEVICE) == []
    assert iam.secrets == {f"mfa-seed/{SERIAL}": None, f"mfa-failures/{SERIAL}": None}


def test_a_device_that_was_taken_away_may_be_given_again() -> None:
    iam = enabled()
    iam.ask("DeactivateMFADevice", **WHO)
    assert iam.ask("ListVirtualMFADevices", AssignmentStatus="Assigned")["VirtualMFADevices"] == []
    assert len(iam.ask("ListVirtualMFADevices", AssignmentStatus="Unassigned")["VirtualMFADevices"]) == 1
    assert iam.refusal("EnableMFADevice", **WHO, **codes(STEP)) == NOT_VALID
    iam.ask("EnableMFADevice", **WHO, **codes(STEP + 2))
    assert len(iam.ask("ListVirtualMFADevices", AssignmentStatus="Assigned")["VirtualMFADevices"]) == 1


ABSENT: dict[str, tuple[str, dict[str, Any], tuple[str, str, int]]] = {
    "enabling what is not there": (
        "EnableMFADevice",
        {"UserName": "mira", "SerialNumber": f"{SERIAL}2", **codes(STEP)},
        ("NoSuchEntity", f"VirtualMFADevice with serial number {SERIAL}2 does not exist.", 404),
    ),
    "deleting what is not there": (
        "DeleteVirtualMFADevice",
        {"SerialNumber": f"{SERIAL}2"},
        ("NoSuchEntity", f"VirtualMFADevice with serial number {SERIAL}2 does not exist.", 404),
    ),
    "for a user who is not there": (
        "EnableMFADevice",
        {"UserName": "none", "SerialNumber": SERIAL, **codes(STEP)},
        ("NoSuchEntity", "The user with name none cannot be found.", 404),
    ),
    "resynchronising a device of nobody": ("ResyncMFADevice", {**WHO, **codes(STEP)}, NOT_HELD),
    "deactivating a device of nobody": ("DeactivateMFADevice", WHO, NOT_HELD),
    "describing a device of nobody": ("GetMFADevice", WHO, NOT_HELD),
}


@pytest.mark.parametrize(("operation", "asked", "answer"), ABSENT.values(), ids=ABSENT.keys())
def test_what_is_not_there(operation: str, asked: dict[str, Any], answer: tuple[str, str, int]) -> None:
    assert made().refusal(operation, **asked) == answer


def test_the_device_of_another_user_is_not_one_s_own() -> None:
    iam = enabled()
    iam.put(User(ACCOUNT, "ana", "AIDAANAANAANAANAANAA1", NOW))
    for operation in ("DeactivateMFADevice", "GetMFADevice"):
        assert iam.refusal(operation, SerialNumber=SERIAL, UserName="ana") == NOT_HELD


def test_a_user_has_eight_devices_at_most() -> None:
    iam = made()
    others = [MfaDevice(ACCOUNT, f"d{at}", NOW, user="mira", enabled=NOW) for at in range(8)]
    assert len(others) == MAX_DEVICES_PER_USER
    iam.put(*others[:-1])
    iam.ask("EnableMFADevice", **WHO, **codes(STEP))
    iam.ask("CreateVirtualMFADevice", VirtualMFADeviceName="ninth")
    refused = iam.refusal(
        "EnableMFADevice", UserName="mira", SerialNumber=f"{SERIAL[:-4]}ninth", **codes(STEP)
    )
    assert refused == ("LimitExceeded", "Cannot exceed quota for MFADevicesPerUser: 8", 409)


def test_an_account_has_as_many_devices_as_it_may_have_users() -> None:
    iam = Iam(*(MfaDevice(ACCOUNT, f"d{at}", NOW) for at in range(users.MAX_USERS - 1)))
    iam.ask("CreateVirtualMFADevice", VirtualMFADeviceName="last")
    refused = iam.refusal("CreateVirtualMFADevice", VirtualMFADeviceName="more")
    assert refused == ("LimitExceeded", "Cannot exceed quota for VirtualMFADevicesPerAccount: 5000", 409)


def test_a_device_goes_with_its_user_and_holds_up_the_deletion() -> None:
    iam = enabled()
    iam.ask("UpdateUser", UserName="mira", NewUserName="mara")
    assert iam.ask("ListMFADevices", UserName="mara")["MFADevices"][0]["UserName"] == "mara"
    refused = ("DeleteConflict", "Cannot delete entity, must delete MFA device first.", 409)
    assert iam.refusal("DeleteUser", UserName="mara") == refused
    iam.ask("DeactivateMFADevice", UserName="mara", SerialNumber=SERIAL)
    iam.ask("DeleteUser", UserName="mara")


def test_the_summary_counts_devices() -> None:
    iam = enabled()
    iam.ask("CreateVirtualMFADevice", VirtualMFADeviceName="second")
    summary = iam.ask("GetAccountSummary")["SummaryMap"]
    assert (summary["MFADevices"], summary["MFADevicesInUse"]) == (2, 1)


def test_the_first_moment_there_is_has_codes_too() -> None:
    iam = made()
    iam.now = Instant.from_epoch(30)
    iam.ask("EnableMFADevice", **WHO, **codes(2))
    assert device(iam).used == 2
    assert Secret(totp(SEED, 1)) != Secret(totp(SEED, 2))
