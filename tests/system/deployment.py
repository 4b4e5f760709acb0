"""All of `infra/` on a stand-in, the packages as real Lambdas: put there, used, taken away.

`python -m tests.system.deployment` shows it; `make deploy-local` makes what it needs first.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import quote_plus

from attrs import frozen
from lambda_packages.building import Target, build
from lambda_packages.functions import FUNCTIONS
from tests.conftest import SHARED_DATA
from tests.infra.terraform import MINISTACK_DIFFERENCES, Terraform, changed, initialised
from tests.standins.aws import clients_at
from tests.standins.ministack import running_ministack
from tests.standins.redis_server import running_redis
from tests.system.cloud import QUEUES, Cloud
from tests.system.deployed import city_rows, large_row, written_files
from tests.system.outcomes import Outcome, embedded, outcome

from fleetcore.application.dead_letters import redrive
from fleetcore_entrypoints.wiring.aws import AwsApp, wire_aws
from fleetcore_entrypoints.wiring.aws_config import AwsConfig

SETTINGS: Final = "-var-file=envs/local/terraform.tfvars"
PYTHON: Final = f"{sys.version_info.major}.{sys.version_info.minor}"
CABS: Final = """
[input]
columns = ["latitude", "longitude", "occupied", "unixtime"]
delimiter = " "
vehicle_from_filename = 'new_(\\w+)'
"""
TOKENS: Final = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
}
SETTINGS_BUCKET: Final = "settings"
LONGEST_S: Final = 300.0
POLL_S: Final = 0.5

Say = Callable[[str], None]


@frozen(kw_only=True)
class Deployment:
    """A fleet that Terraform put on a stand-in, seen from outside."""

    terraform: Terraform
    variables: tuple[str, ...]
    cloud: Cloud
    app: AwsApp

    def differences(self) -> frozenset[str]:
        """What a second plan would change, though nothing was changed."""
        plan = self.terraform.folder / "again.plan"
        self._succeed("plan", "-no-color", f"-out={plan}", *self.variables)
        return changed(json.loads(self._succeed("show", "-json", str(plan))))

    def at_rest(self, *files: str) -> Outcome:
        """What the fleet says once it knows these files, no message waits, no row is pending."""
        give_up = time.monotonic() + LONGEST_S
        while time.monotonic() < give_up:
            if not any(self.cloud.held(queue) for queue in QUEUES):
                found = outcome(self.app.fleet)
                is_done = not any(ledger.pending for ledger in found.ledgers.values())
                if is_done and found.ledgers.keys() >= set(files):
                    return found
            time.sleep(POLL_S)
        raise TimeoutError(f"messages wait still after {LONGEST_S:.0f} s")

    def notify_again(self, files: list[Path]) -> None:
        """Tell of the same uploads twice more, the last one first."""
        bucket = self.cloud.environment["FLEETCORE_BUCKET"]
        for path in (*reversed(files), *files):
            key = f"telemetry/{path.name}"
            head = self.cloud.s3.head_object(Bucket=bucket, Key=key)
            body = {
                "Records": [
                    {
                        "eventVersion": "2.1",
                        "eventSource": "aws:s3",
                        "eventName": "ObjectCreated:Put",
                        "s3": {
                            "bucket": {"name": bucket},
                            "object": {
                                "key": quote_plus(key),
                                "size": head["ContentLength"],
                                "versionId": head.get("VersionId"),
                                "eTag": head["ETag"].strip('"'),
                            },
                        },
                    }
                ]
            }
            self.cloud.sqs.send_message(
                QueueUrl=self.cloud.url("UPLOADS"), MessageBody=json.dumps(body)
            )

    def put(self, name: str, content: bytes) -> None:
        """Upload a file."""
        bucket = self.cloud.environment["FLEETCORE_BUCKET"]
        self.cloud.s3.put_object(Bucket=bucket, Key=f"telemetry/{name}", Body=content)

    def destroy(self) -> None:
        """Take everything away again."""
        self._succeed("destroy", "-no-color", "-auto-approve", *self.variables)

    def left(self) -> list[str]:
        """What there is of a fleet on the stand-in."""
        clients = clients_at(self.cloud.environment["AWS_ENDPOINT_URL"])
        buckets = {each["Name"] for each in clients.s3.list_buckets()["Buckets"]}
        return [
            *(buckets - {SETTINGS_BUCKET}),
            *clients.dynamodb.list_tables()["TableNames"],
            *clients.sqs.list_queues().get("QueueUrls", []),
            *(each["TopicArn"] for each in clients.sns.list_topics()["Topics"]),
        ]

    def _succeed(self, *arguments: str) -> str:
        done = self.terraform.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout


def packages_in(folder: Path) -> Mapping[str, Path]:
    """The handlers' packages for this machine, by function."""
    target = Target(architecture="x86_64", python=PYTHON)
    return {each.name: build(each, target, folder).path for each in FUNCTIONS}


@contextmanager
def deployed_by_terraform(
    folder: Path, packages: Mapping[str, Path], config: Path | None = None
) -> Iterator[Deployment]:
    """A fleet on a stand-in of its own, with Redis beside it; gone with the block."""
    with running_ministack() as aws, running_redis() as redis:
        settings = _settings_at(aws.http, config)
        terraform = initialised(folder, keeps_state=True)
        ours = {**TOKENS, "AWS_ENDPOINT_URL": aws.http}
        terraform = Terraform(terraform.folder, {**terraform.environment, **ours})
        zips = ", ".join(f'{name} = "{path}"' for name, path in packages.items())
        variables = (
            SETTINGS,
            f"-var=packages={{{zips}}}",
            f"-var=redis_url={redis.redis}",
            f"-var=runtime=python{PYTHON}",
            *settings,
        )
        done = terraform.run("apply", "-no-color", "-auto-approve", *variables)
        assert done.returncode == 0, done.stderr
        told = terraform.run("output", "-raw", "environment").stdout
        environment = dict(line.split("=", 1) for line in told.splitlines())
        before = dict(os.environ)
        os.environ.update({**environment, **ours})
        try:
            yield Deployment(
                terraform=terraform,
                variables=variables,
                cloud=Cloud.of({**environment, **ours}),
                app=wire_aws(AwsConfig.from_environment(environment), metrics=sys.stderr),
            )
        finally:
            os.environ.clear()
            os.environ.update(before)


def _settings_at(endpoint: str, config: Path | None) -> tuple[str, ...]:
    """The variable that names a fleet's settings, which lie in a bucket that was there before."""
    if config is None:
        return ()
    s3 = clients_at(endpoint).s3
    s3.create_bucket(Bucket=SETTINGS_BUCKET)
    s3.upload_file(str(config), SETTINGS_BUCKET, config.name)
    return (f"-var=config_url=s3://{SETTINGS_BUCKET}/{config.name}",)


class Story:
    """Says what happens, and how long it took."""

    def __init__(self, say: Say) -> None:
        self._say = say

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """One step; it is told when it is done."""
        started = time.monotonic()
        yield
        self._say(f"{time.monotonic() - started:7.1f} s  {what}")


def rehearse(folder: Path, files: list[Path], say: Say, config: Path | None = None) -> None:
    """Deploy, use and destroy a fleet; every answer is compared with that of a data folder."""
    story = Story(say)
    with story.step("packages made"):
        packages = packages_in(folder / "packages")
    with TemporaryDirectory() as work:
        options = {} if config is None else {"config": config}
        expected = embedded(Path(work) / "embedded", files, **options)
        (Path(work) / "terraform").mkdir()
        started = time.monotonic()
        terraform = Path(work) / "terraform"
        with deployed_by_terraform(terraform, packages, config) as deployment:
            say(f"{time.monotonic() - started:7.1f} s  terraform apply on the stand-in")
            _use(deployment, files, expected, story, say, is_plain=config is None)


def _use(
    deployment: Deployment,
    files: list[Path],
    expected: Outcome,
    story: Story,
    say: Say,
    *,
    is_plain: bool,
) -> None:
    """Files in, answers out, everything away again."""
    rows = sum(ledger.rows.read for ledger in expected.ledgers.values())
    with story.step(f"{len(files)} files, {rows:,} rows, through S3 and both Lambdas"):
        # One after the other: which of two files brought a row they share is a matter of order.
        for path in files:
            deployment.cloud.upload(path, path.name)
            deployment.at_rest(path.name)
        found = deployment.at_rest()
    assert expected.ledgers == found.ledgers
    assert expected.log == found.log
    say("           ledgers and log equal the embedded ones")
    with story.step("every notification twice more, the last one first"):
        deployment.notify_again(files)
        again = deployment.at_rest()
    assert expected.ledgers == again.ledgers
    assert expected.log == again.log
    say("           nothing changed")
    with story.step("a file that is none"):
        deployment.put("bad.csv", b"\x1f\x8b\x08\x00cut off")
        assert expected.ledgers == deployment.at_rest().ledgers
    if is_plain:
        _poisoned(deployment, story, say)
    with story.step("second plan"):
        differences = deployment.differences()
    assert differences <= MINISTACK_DIFFERENCES, differences - MINISTACK_DIFFERENCES
    say(f"           nothing would change but what the stand-in forgets: {len(differences)}")
    with story.step("terraform destroy"):
        deployment.destroy()
    assert [] == deployment.left()
    say("           nothing is left")


def _poisoned(deployment: Deployment, story: Story, say: Say) -> None:
    """A row that no item can hold: it alone is a dead letter, also when it is redriven."""
    fleet = deployment.app.fleet
    with story.step("a file with a row that no item can hold"):
        deployment.put("large.csv", (city_rows(0, 5) + large_row(6)).encode())
        ledger = deployment.at_rest("large.csv").ledgers["large.csv"]
    (dead,) = fleet.dead_letters.read()
    assert (1, 0) == (ledger.dead_lettered, ledger.pending)
    say(f"           it is a dead letter: {dead.code}; the others are stored")
    with story.step("redrive"):
        failed = redrive(fleet, [dead])
        deployment.at_rest()
    (again,) = fleet.dead_letters.read()
    assert not failed
    assert 2 == again.message.attempt
    say("           sent as another attempt; the row is as large as it was, and dead again")


def main() -> None:
    """Show it on the real files beside the repository, else on generated ones."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        files = sorted((SHARED_DATA / "cabspotting").glob("*.txt"))
        config = None
        if files:
            config = folder / "fleet.toml"
            config.write_text(CABS, encoding="utf-8")
        else:
            files = written_files(folder)
        rehearse(folder, files, lambda line: print(line, flush=True), config)  # noqa: T201


if __name__ == "__main__":
    main()
