"""A real SLURM of three nodes on this machine, in a folder of its own, with accounting, GPUs and preemption.

Nothing is left behind: every daemon runs in the foreground of its own process group, and all of them are stopped.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import mkdtemp

PROGRAMS = ("munged", "slurmctld", "slurmd", "slurmdbd", "sbatch", "mariadbd", "mariadb-install-db", "runuser")
NODES = ("n1", "n2", "n3")
CPUS_PER_NODE = 8
PATIENCE_S = 60.0

SLURM_CONF = """\
ClusterName=test
SlurmctldHost=localhost
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CryptoType=crypto/munge
AuthInfo=cred_expire=5,socket={root}/munge/munge.sock
SlurmctldPort={ctld}
SlurmdSpoolDir={root}/spool/%n
StateSaveLocation={root}/state
SlurmctldPidFile={root}/run/slurmctld.pid
SlurmdPidFile={root}/run/slurmd-%n.pid
SlurmctldLogFile={root}/log/slurmctld.log
SlurmdLogFile={root}/log/slurmd-%n.log
MailProg=/bin/true
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=localhost
AccountingStoragePort={dbd}
AccountingStoragePass={root}/munge/munge.sock
AccountingStorageTRES=gres/gpu
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=500
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1,sched_min_interval=10000,batch_sched_delay=0
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SlurmctldParameters=preempt_send_user_signal
ReturnToService=2
KillWait=3
OverTimeLimit=0
MinJobAge=300
GresTypes=gpu
SlurmdParameters=config_overrides
NodeName=n[1-2] NodeHostname={host} NodeAddr=127.0.0.1 Port={n1}-{n2} CPUs={cpus} RealMemory=16000 Gres=gpu:2
NodeName=n3 NodeHostname={host} NodeAddr=127.0.0.1 Port={n3} CPUs={cpus} RealMemory=16000 State=UNKNOWN
PartitionName=gpu Nodes=n[1-2] Default=YES MaxTime=INFINITE State=UP PriorityTier=10
PartitionName=low Nodes=n[1-2] MaxTime=INFINITE State=UP PriorityTier=1 GraceTime=4
PartitionName=cpu Nodes=n3 MaxTime=INFINITE State=UP
PartitionName=all Nodes=n[1-3] MaxTime=INFINITE State=UP
"""
GRES_CONF = "NodeName=n[1-2] Name=gpu File={root}/dev/nvidia[0-1]\n"
DBD_CONF = """\
AuthType=auth/munge
AuthInfo=socket={root}/munge/munge.sock
DbdHost=localhost
DbdPort={dbd}
SlurmUser=root
LogFile={root}/log/slurmdbd.log
PidFile={root}/run/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser=slurm
StoragePass=slurm
StorageLoc=slurm_acct_db
"""


def why_not() -> str | None:
    """Why no cluster can be started here, if so."""
    if os.geteuid() != 0:
        return "a SLURM of our own needs root: `make test-cluster` in a container of Debian's"
    missing = [program for program in PROGRAMS if shutil.which(program, path=_PATH) is None]
    return f"not installed: {', '.join(missing)} (`make test-cluster` installs them on Debian)" if missing else None


_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


class SlurmCluster:
    """The cluster, from its start to its stop."""

    def __init__(self) -> None:
        self.root = self.database = Path("/nowhere")
        self.environment: dict[str, str] = {}
        self.daemons: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Everything, in the order in which one needs the other."""
        self.root = Path(mkdtemp(prefix="slurm-", dir="/tmp"))
        self.environment = {**os.environ, "PATH": _PATH, "SLURM_CONF": str(self.root / "slurm.conf")}
        self._lay_out()
        self._start_munge()
        self._start_database()
        self._daemon("slurmdbd", "slurmdbd", "-D")
        self.wait_for("slurmdbd", lambda: self.ask("sacctmgr", "-n", "list", "cluster") is not None)
        self.call("sacctmgr", "-i", "add", "cluster", "test")
        self._daemon("slurmctld", "slurmctld", "-D", "-c")
        for node in NODES:
            self._daemon(f"slurmd-{node}", "slurmd", "-D", "-N", node)
        self.wait_for("the nodes", lambda: self.states() == dict.fromkeys(NODES, "idle"))

    def stop(self) -> None:
        """Cancel all jobs, stop all daemons, remove the folder."""
        if "slurmctld" in self.daemons and not self.dead():
            self.ask("scancel", "--user=root", "--full")
            self.quiet(patience_s=15)
        for name in reversed(list(self.daemons)):
            self._stop(self.daemons.pop(name))
        for folder in (self.root, self.database):
            shutil.rmtree(folder, ignore_errors=True)

    def is_well(self, patience_s: float = 30) -> bool:
        """Whether all daemons are there and all nodes idle, or come to be so."""
        until = time.monotonic() + patience_s
        while self.states() != dict.fromkeys(NODES, "idle"):
            if self.dead() or time.monotonic() > until:
                return False
            time.sleep(0.1)
        return not self.dead()

    def dead(self) -> list[str]:
        """Daemons that ended by themselves."""
        return [name for name, daemon in self.daemons.items() if daemon.poll() is not None]

    def restart_controller(self, away_s: float) -> None:
        """The controller is gone for so long, and finds its state again."""
        self._stop(self.daemons.pop("slurmctld"))
        time.sleep(away_s)
        self._daemon("slurmctld", "slurmctld", "-D")
        self.wait_for("slurmctld", lambda: self.ask("squeue") is not None)

    def quiet(self, patience_s: float = PATIENCE_S) -> bool:
        """Wait until no job is left; whether that came to be."""
        until = time.monotonic() + patience_s
        while self.ask("squeue", "--noheader") != "":
            if time.monotonic() > until:
                return False
            time.sleep(0.2)
        return True

    def call(self, *command: str) -> str:
        """What a client command of SLURM's says."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}{self.logs()}"
        return done.stdout

    def ask(self, *command: str) -> str | None:
        """The same, or None where it fails."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False, timeout=60)
        return done.stdout.strip() if done.returncode == 0 else None

    def states(self) -> dict[str, str]:
        """The state of each node."""
        said = self.ask("sinfo", "--noheader", "--Node", "--format=%N %t") or ""
        return dict(line.split() for line in said.splitlines())

    def wait_for(self, what: str, is_there: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
        until = time.monotonic() + patience_s
        while not is_there():
            assert not (dead := self.dead()), f"{dead} ended by themselves{self.logs()}"
            assert time.monotonic() < until, f"{what} did not come up within {patience_s} s{self.logs()}"
            time.sleep(0.1)

    def logs(self) -> str:
        """The ends of all logs, for messages."""
        ends = [f"\n--- {file.name}\n{_tail(file)}" for file in sorted((self.root / "log").glob("*.log"))]
        return f"\ndead: {self.dead()}{''.join(ends)}"

    def _lay_out(self) -> None:
        self.root.chmod(0o755)
        for folder in ("munge", "state", "run", "log", "dev", *(f"spool/{node}" for node in NODES)):
            (self.root / folder).mkdir(parents=True)
        for device in ("nvidia0", "nvidia1"):  # jobs see GPUs only where there are real character devices
            os.mknod(self.root / "dev" / device, 0o666 | 0o020000, os.makedev(1, 3))
        numbers = dict(zip(("ctld", "dbd"), _free_ports(2), strict=True))
        numbers |= dict(zip(NODES, _adjacent_free_ports(len(NODES)), strict=True))
        values = {"root": self.root, "host": socket.gethostname().split(".")[0], "cpus": CPUS_PER_NODE, **numbers}
        for name, content in (("slurm.conf", SLURM_CONF), ("gres.conf", GRES_CONF), ("slurmdbd.conf", DBD_CONF)):
            (self.root / name).write_text(content.format(**values))
            (self.root / name).chmod(0o600 if name == "slurmdbd.conf" else 0o644)

    def _start_munge(self) -> None:
        folder = self.root / "munge"
        (folder / "munge.key").write_bytes(os.urandom(1024))
        (folder / "munge.key").chmod(0o400)
        for path in (folder, folder / "munge.key"):
            shutil.chown(path, "munge", "munge")
        files = [
            f"--{name}-file={folder}/munge.{ending}"
            for name, ending in (("key", "key"), ("pid", "pid"), ("log", "log"), ("seed", "seed"))
        ]
        command = ("munged", "--foreground", f"--socket={folder}/munge.sock", *files)
        self._daemon("munged", "runuser", "-u", "munge", "--", *command)
        self.wait_for("munge", (folder / "munge.sock").exists)

    def _start_database(self) -> None:
        """Its data lies in memory where that is possible: a database on a slow disk takes half a minute to make."""
        memory = Path("/dev/shm")
        self.database = Path(mkdtemp(prefix="slurm-db-", dir=memory if os.access(memory, os.W_OK) else "/tmp"))
        shutil.chown(self.database, "mysql", "mysql")
        data, sock = self.database / "data", self.database / "sock"
        install = ("mariadb-install-db", "--no-defaults", f"--datadir={data}", "--user=mysql", "--skip-test-db")
        subprocess.run(
            (*install, "--auth-root-authentication-method=normal"),
            env=self.environment,
            check=True,
            capture_output=True,
        )
        self._daemon(
            "mariadbd",
            "mariadbd",
            "--no-defaults",
            f"--datadir={data}",
            "--user=mysql",
            f"--socket={sock}",
            "--skip-networking",
            f"--pid-file={self.database}/pid",
            f"--log-error={self.database}/log",
        )
        account = "create user slurm@localhost identified by 'slurm'; grant all on *.* to slurm@localhost;"
        client = ("mariadb", "--no-defaults", f"--socket={sock}", "--user=root", "-e")
        self.wait_for("the database", lambda: sock.exists() and self.ask(*client, "select 1") is not None)
        self.call(*client, account)
        self.environment["MYSQL_UNIX_PORT"] = str(sock)

    def _daemon(self, name: str, *command: str) -> None:
        with (self.root / "log" / f"{name}.out.log").open("ab") as log:
            self.daemons[name] = subprocess.Popen(
                command, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def _stop(self, daemon: subprocess.Popen[bytes]) -> None:
        for number, patience_s in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
            if daemon.poll() is None:
                os.killpg(daemon.pid, number)
                try:
                    daemon.wait(timeout=patience_s)
                except subprocess.TimeoutExpired:
                    continue


def _free_ports(count: int) -> Sequence[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _adjacent_free_ports(count: int) -> Sequence[int]:
    """A range, as slurm.conf wants it."""
    for first in range(17001, 30000, count):
        try:
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return range(first, first + count)
    raise OSError("no free ports")


def _tail(file: Path, n_lines: int = 4) -> str:
    return "\n".join(file.read_text(errors="replace").splitlines()[-n_lines:])
