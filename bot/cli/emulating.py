"""`sectionbot emulator`: a local GitLab."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8929, show_default=True, help="The port to listen on.")
@click.option("--root-token", required=True, envvar="EMULATOR_ROOT_TOKEN", help="The token of the administrator root.")
@click.option(
    "--seed",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A YAML file of users, groups, projects and issues.",
)
@click.option("--latency-ms", default=0, show_default=True, help="How long each API answer takes at least.")
@click.option("--tier", type=click.Choice(["free", "premium", "ultimate"]), default="premium", show_default=True)
def emulator(host: str, port: int, root_token: str, seed: Path | None, latency_ms: int, tier: str) -> None:
    """Run a stateful emulator of GitLab's REST API, for demos and tests. It keeps everything in memory."""
    from bot.emulator.seed import SeedError
    from bot.emulator.server import build, server

    url = f"http://{host}:{port}"
    try:
        application = build(url, root_token, tier=tier, latency_ms=latency_ms, seed_file=seed)
    except SeedError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"An emulated GitLab ({tier}) listens on {url}. Stop it with Ctrl-C.")
    running = server(application, host, port)
    running.run()
    if not running.started:
        raise click.ClickException(f"{url} could not be opened: is something else listening there?")
