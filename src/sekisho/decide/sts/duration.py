"""How long a session of a role may last.

Source: STS API Reference, "AssumeRole", DurationSeconds; IAM User Guide, "Roles terms and concepts",
"Role chaining".
"""

from datetime import timedelta
from typing import Final

from sekisho.decide.decision import Repair
from sekisho.decide.sts.code import StsCode, StsFix
from sekisho.decide.sts.facts import RoleFacts
from sekisho.decide.sts.refusal import Refusal, refused
from sekisho.decide.values import Ref

CHAINED: Final = timedelta(hours=1)
DEFAULT: Final = timedelta(hours=1)


def role_duration(asked: timedelta | None, role: RoleFacts, *, chained: bool) -> timedelta | Refusal:
    """Return how long the session lasts, or why it cannot be as long as ``asked``.

    ``chained``: the caller signs with temporary credentials. A web identity token is none.
    """
    wanted = DEFAULT if asked is None else asked
    role_arn = str(role.arn)
    seconds = str(int(wanted.total_seconds()))
    if chained and wanted > CHAINED:
        shorten = Repair(StsFix.SHORTEN, (("maximum", "3600"),))
        return refused(
            StsCode.DURATION_CHAINED,
            Ref("AssumeRole").child("DurationSeconds"),
            ("asked", seconds),
            ("role", role_arn),
            repairs=(shorten,),
        )
    if wanted > role.max_session:
        maximum = str(int(role.max_session.total_seconds()))
        return refused(
            StsCode.DURATION_ROLE,
            Ref(role_arn).child("MaxSessionDuration"),
            ("asked", seconds),
            ("maximum", maximum),
            ("role", role_arn),
            repairs=(
                Repair(StsFix.SHORTEN, (("maximum", maximum),)),
                Repair(StsFix.RAISE_MAXIMUM, (("role", role_arn), ("asked", seconds))),
            ),
        )
    return wanted
