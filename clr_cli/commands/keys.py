"""``clr keys``: API keys of a server, for admins."""

from typing import Annotated

import typer

from clr_cli.input import options as o
from clr_cli.output.tables import keys_table
from clr_cli.output.terminal import reporting, show, show_json, tell
from clr_client.transport.addresses import DEFAULT_URL

DAY_S = 86_400.0

app = typer.Typer(help="API keys of a server (needs a key with the scope admin).", no_args_is_help=True)

Name = Annotated[str, typer.Option(help="A name for people.")]
Scope = Annotated[str, typer.Option(help="read, submit or admin; each includes those before it.")]
Owner = Annotated[str | None, typer.Option(help="Owner of its jobs (default: the name)", show_default=False)]
Days = Annotated[float | None, typer.Option(help="Days until it expires (default: never)", show_default=False)]
KeyId = Annotated[str, typer.Argument(metavar="KEY_ID", help="Id of a key, not the key.", show_default=False)]


@app.command()
@reporting
def create(
    name: Name,
    scope: Scope = "submit",
    owner: Owner = None,
    days: Days = None,
    url: o.Url = DEFAULT_URL,
    as_json: o.Json = False,
) -> None:
    """Create a key and print it once. Create the first key on the server: python -m api keys create."""
    from clr_client.client import Client  # noqa: PLC0415 - heavy

    with Client(url) as client:
        made = client.create_key(name, scope, owner, None if days is None else days * DAY_S)
    if as_json:
        show_json(made)
        return
    show(made["key"])
    tell(f"This is {made['id']} of {made['owner']}, scope {made['scope']}. It is not shown again.")


@app.command("list")
@reporting
def list_keys(url: o.Url = DEFAULT_URL, as_json: o.Json = False) -> None:
    """List keys, including expired and revoked ones."""
    from clr_client.client import Client  # noqa: PLC0415 - heavy

    with Client(url) as client:
        found = client.keys()
    if as_json:
        show_json(found)
    else:
        show(keys_table(found["data"]))


@app.command()
@reporting
def revoke(key_id: KeyId, url: o.Url = DEFAULT_URL, as_json: o.Json = False) -> None:
    """Revoke a key and the sessions that began with it."""
    from clr_client.client import Client  # noqa: PLC0415 - heavy

    with Client(url) as client:
        document = client.revoke_key(key_id)
    if as_json:
        show_json(document)
    else:
        show(f"{document['id']} of {document['owner']} is revoked.")
