"""What a server is started with: the flags, completed by the configuration file and checked together."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from sekisho.decide.authn.backend import BackendMode
from sekisho.decide.values import InputFault, Ref, SekishoInputError
from sekisho.serve.authenticator.config_file import ServerConfig
from sekisho.serve.authenticator.file_sources import read_modes
from sekisho.serve.entry_flags import EntryFlags

DEFAULT_ADDRESS: Final = "127.0.0.1"
DEFAULT_PORT: Final = 21362
DEFAULT_HEALTH_PORT: Final = 21363
DEFAULT_STATE_DIR: Final = "/var/aws-iam-authenticator"
DEFAULT_KUBECONFIG: Final = "/etc/kubernetes/aws-iam-authenticator/kubeconfig.yaml"
DEFAULT_QPS: Final = 15
DEFAULT_BURST: Final = 5
GATES: Final = ("ConfiguredInitDirectories", "IAMIdentityMappingCRD", "SSORoleMatch")


@dataclass(frozen=True, slots=True)
class Flags:
    """The flags as given; None or empty: not given. Names and defaults are aws-iam-authenticator's."""

    config: Path | None = None
    cluster_id: str = ""
    partition: str = ""
    address: str = ""
    port: int | None = None
    health_port: int | None = None
    state_dir: str = ""
    generate_kubeconfig: str = ""
    kubeconfig_pregenerated: bool = False
    kubeconfig: str = ""
    master: str = ""
    backend_mode: str = ""
    describe_qps: int | None = None
    describe_burst: int | None = None
    feature_gates: str = ""
    region: str = ""
    kept_seconds: int = 900
    sts_seconds: float = 10.0
    shutdown_delay: float = 0.0
    entries: EntryFlags = field(default_factory=EntryFlags)
    authentication_config: Path | None = None
    api_audiences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """One server, complete."""

    cluster_id: str
    partition: str
    address: str
    port: int
    health_port: int | None
    hostname: str
    state_dir: Path
    generate_kubeconfig: Path
    kubeconfig_pregenerated: bool
    kubeconfig: str
    master: str
    modes: tuple[BackendMode, ...]
    config: ServerConfig
    config_path: Path | None
    sso_role_match: bool
    dynamic_file: Path | None
    dynamic_modes: Path | None
    user_id_strict: bool
    describe_role: str
    describe_qps: int
    describe_burst: int
    region: str
    kept_for: timedelta
    sts_seconds: float
    shutdown_delay: float
    entries: EntryFlags
    authentication_config: Path | None
    api_audiences: tuple[str, ...]


def feature_gates(text: str) -> dict[str, bool]:
    """Return the gates of ``NAME=true,NAME=false``.

    Raises:
        SekishoInputError: an unknown name, or a value that is neither.
    """
    gates: dict[str, bool] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = part.partition("=")
        if name not in GATES or value.lower() not in ("true", "false"):
            raise SekishoInputError.single(
                "authenticator.feature-gate",
                Ref("--feature-gates"),
                f"`{part}`: expected NAME=true or NAME=false with NAME one of {', '.join(GATES)}",
            )
        gates[name] = value.lower() == "true"
    return gates


def complete(flags: Flags, config: ServerConfig) -> Settings:
    """Return the settings of ``flags`` over ``config``.

    Raises:
        SekishoInputError: something is missing, or two things do not go together; all at once.
    """
    faults: list[InputFault] = []
    gates = feature_gates(flags.feature_gates)
    cluster_id = flags.cluster_id or config.cluster_id
    if not cluster_id:
        faults.append(
            InputFault(
                "authenticator.cluster-id",
                Ref("--cluster-id"),
                "expected the id of the cluster that tokens are made for",
                "use -i, or clusterID in the configuration file",
            )
        )
    modes = (
        read_modes(flags.backend_mode, ",", Ref("--backend-mode"))
        if flags.backend_mode
        else read_modes(",".join(config.backend_modes) or BackendMode.MOUNTED_FILE, ",", _at("backendMode"))
    )
    texts = config.texts
    dynamic = texts.get("dynamicfilepath", "")
    if (BackendMode.DYNAMIC_FILE in modes) and not dynamic:
        problem = "the backend DynamicFile needs dynamicfilepath in the configuration file"
        faults.append(InputFault("authenticator.dynamic-file", _at("dynamicfilepath"), problem))
    has_modes_file = bool(texts.get("dynamicBackendModePath"))
    if dynamic and BackendMode.DYNAMIC_FILE not in modes and not has_modes_file:
        problem = "dynamicfilepath is given but the backend DynamicFile is not"
        faults.append(InputFault("authenticator.dynamic-file", _at("dynamicfilepath"), problem))
    if BackendMode.MOUNTED_FILE in modes and flags.config is None:
        problem = "the backend MountedFile reads a configuration file"
        faults.append(InputFault("authenticator.config", Ref("--config"), problem, "name it with -c"))
    if faults:
        raise SekishoInputError(faults)
    return Settings(
        cluster_id=cluster_id,
        partition=flags.partition or texts.get("partition", "aws"),
        address=flags.address or texts.get("address", DEFAULT_ADDRESS),
        port=_first(flags.port, config.numbers.get("port"), DEFAULT_PORT),
        health_port=_first(flags.health_port, None, DEFAULT_HEALTH_PORT),
        hostname=texts.get("hostname", ""),
        state_dir=Path(flags.state_dir or texts.get("stateDir", DEFAULT_STATE_DIR)),
        generate_kubeconfig=Path(
            flags.generate_kubeconfig or texts.get("generateKubeconfig", DEFAULT_KUBECONFIG)
        ),
        kubeconfig_pregenerated=flags.kubeconfig_pregenerated
        or config.booleans.get("kubeconfigPregenerated", False),
        kubeconfig=flags.kubeconfig or texts.get("kubeconfig", ""),
        master=flags.master or texts.get("master", ""),
        modes=modes,
        config=config,
        config_path=flags.config,
        sso_role_match=gates.get("SSORoleMatch", False),
        dynamic_file=Path(dynamic) if dynamic else None,
        dynamic_modes=Path(texts["dynamicBackendModePath"]) if has_modes_file else None,
        user_id_strict=config.booleans.get("dynamicfileUserIDStrict", False),
        describe_role=texts.get("ec2DescribeInstancesRoleARN", ""),
        describe_qps=_first(flags.describe_qps, config.numbers.get("ec2DescribeInstancesQps"), DEFAULT_QPS)
        or DEFAULT_QPS,
        describe_burst=_first(
            flags.describe_burst, config.numbers.get("ec2DescribeInstancesBurst"), DEFAULT_BURST
        ),
        region=flags.region,
        kept_for=timedelta(seconds=flags.kept_seconds),
        sts_seconds=flags.sts_seconds,
        shutdown_delay=flags.shutdown_delay,
        entries=flags.entries,
        authentication_config=flags.authentication_config,
        api_audiences=flags.api_audiences,
    )


def _first(flag: int | None, file: int | None, default: int) -> int:
    return flag if flag is not None else file if file is not None else default


def _at(name: str) -> Ref:
    return Ref("configuration", f"/server/{name}")
