"""`todo config`, and what settings do wherever they come from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from neontodo.app import App
from neontodo.settings import Settings
from neontodo.streams import Streams
from tests.harness import Result, Todo

SECRETS = ("s3cret", "e30.e30.e30")
AUTH = ("auth_url", "auth_issuer", "auth_audience", "auth_jwks_url")
ABOUT = {name: field.description for name, field in Settings.model_fields.items()}


@pytest.fixture
def file(local: Todo) -> Path:
    """The settings file, with nothing in it."""
    local.home.mkdir()
    path = local.home / "config.toml"
    path.touch()
    return path


def values(todo: Todo, **env: str) -> dict[str, list[str]]:
    """Value and origin of each setting."""
    return {row[0]: row[1:3] for row in todo.ok("config", env=env).rows}


def test_lines_for_a_pipe(local: Todo, file: Path) -> None:
    assert local("config") == Result(
        0,
        f"database_url\tnot set\tdefault\t{ABOUT['database_url']}\n"
        f"token\tnot set\tdefault\t{ABOUT['token']}\n"
        f"data_dir\t{local.home}\tTODO_DATA_DIR\t{ABOUT['data_dir']}\n"
        f"color\tauto\tdefault\t{ABOUT['color']}\n"
        f"page_size\t\tdefault\t{ABOUT['page_size']}\n"
        f"sort\t\tdefault\t{ABOUT['sort']}\n"
        f"group\tnone\tdefault\t{ABOUT['group']}\n"
        f"view\t\tdefault\t{ABOUT['view']}\n"
        f"profile\tdefault\tdefault\t{ABOUT['profile']}\n"
        + "".join(f"{name}\t\tdefault\t{ABOUT[name]}\n" for name in AUTH),
        f"settings file: {file}\n",
    )


def test_a_terminal_gets_the_sentence_below_the_value(local: Todo, file: Path) -> None:
    file.write_text("page_size = 5\n")
    shown = local("config", terminal=True, width=200)
    assert (shown.code, shown.err) == (0, f"settings file: {file}\n")
    assert shown.out.startswith(
        "database_url   not set\n"
        f"               {ABOUT['database_url']}\n"
        "token          not set\n"
        f"               {ABOUT['token']}\n"
        "data_dir       "
    )
    # Paths of temporary folders may be too long for a line.
    rest = (
        f"{local.home} (from TODO_DATA_DIR) {ABOUT['data_dir']}"
        f" color auto {ABOUT['color']}"
        f" page_size 5 (from {file}) {ABOUT['page_size']}"
        f" sort none {ABOUT['sort']}"
        f" group none {ABOUT['group']}"
        f" view none {ABOUT['view']}"
        f" profile default {ABOUT['profile']}"
    ) + "".join(f" {name} none {ABOUT[name]}" for name in AUTH)
    assert "".join(shown.out.split()).endswith("".join(rest.split()))


@pytest.mark.parametrize("width", [40, 80])
def test_a_terminal_of_any_width_is_fitted(local: Todo, width: int) -> None:
    shown = local.ok("config", terminal=True, width=width).out
    assert max(map(len, shown.splitlines())) <= width


def test_json(local: Todo, file: Path) -> None:
    file.write_text('page_size = 5\nsort = "due"\n')
    found = local.ok("config", "--json", env={"TODO_SORT": "priority"}).json
    assert found["file"] == str(file)
    assert found["settings"][4:6] == [
        {"name": "page_size", "value": 5, "origin": str(file), "about": ABOUT["page_size"]},
        {"name": "sort", "value": "priority", "origin": "TODO_SORT", "about": ABOUT["sort"]},
    ]
    assert [setting["name"] for setting in found["settings"]] == list(Settings.model_fields)


def test_the_environment_overrules_the_file(local: Todo, file: Path) -> None:
    file.write_text("page_size = 5\n")
    assert values(local)["page_size"] == ["5", str(file)]
    assert values(local, TODO_PAGE_SIZE="7")["page_size"] == ["7", "TODO_PAGE_SIZE"]
    assert values(local, TODO_PAGE_SIZE="")["page_size"] == ["5", str(file)]


@pytest.mark.parametrize("argv", [["config"], ["config", "--json"]])
@pytest.mark.parametrize("terminal", [False, True])
def test_secrets_are_only_said_to_be_set(
    local: Todo, file: Path, argv: list[str], terminal: bool
) -> None:
    file.write_text(f'token = "{SECRETS[1]}"\n')
    url = f"postgresql://ann:{SECRETS[0]}@db.example/tasks"
    shown = local.ok(*argv, terminal=terminal, width=200, env={"TODO_DATABASE_URL": url})
    assert not [secret for secret in SECRETS if secret in shown.out + shown.err]
    assert "postgresql://ann@db.example/tasks" in shown.out


@pytest.mark.parametrize("name", ["TODO_SORT", "TODO_PROFILE", "TODO_COLOR", "TODO_PAGE_SIZE"])
@pytest.mark.parametrize("argv", [["config"], ["config", "--json"], ["list"], ["doctor"]])
def test_a_url_in_the_place_of_another_setting_shows_no_password(
    local: Todo, name: str, argv: list[str]
) -> None:
    shown = local(*argv, env={name: f"postgresql://ann:{SECRETS[0]}@db.example/tasks"})
    assert SECRETS[0] not in shown.out + shown.err


URL = "https://zoe:s3cret@app.example.com/api/auth?key=s3cret"


@pytest.mark.parametrize("name", AUTH)
@pytest.mark.parametrize(
    "argv",
    [
        ["config"],
        ["config", "--json"],
        ["doctor"],
        ["doctor", "--json"],
        ["whoami"],
        ["profiles", "--json"],
        ["connect", "--status", "--json"],
        ["login"],
    ],
)
def test_no_command_shows_a_password_in_the_address_of_an_issuer(
    local: Todo, file: Path, name: str, argv: list[str]
) -> None:
    usable = "" if name == "auth_url" else 'auth_url = "http://localhost:1/api/auth"\n'
    file.write_text(f'{usable}{name} = "{URL}"\n')
    shown = local(*argv, width=500)
    assert SECRETS[0] not in shown.out + shown.err
    if argv == ["config"]:
        value = "https://…@app.example.com/api/auth?…"
        assert [row[1] for row in shown.rows if row[0] == name] == [value]


@pytest.mark.parametrize(
    ("env", "problem"),
    [
        ({"TODO_PAGE_SIZE": "many"}, "TODO_PAGE_SIZE cannot be used: it must be a valid integer"),
        (
            {"TODO_PAGE_SIZE": "0"},
            "TODO_PAGE_SIZE cannot be used: it must be greater than or equal to 1",
        ),
        (
            {"TODO_COLOR": "blue"},
            "TODO_COLOR cannot be used: it must be 'auto', 'always' or 'never'",
        ),
    ],
    ids=["no-number", "too-small", "no-choice"],
)
def test_a_setting_that_cannot_be_used_is_shown_and_named(
    local: Todo, env: dict[str, str], problem: str
) -> None:
    found = local("config", env=env)
    assert found.code == 2
    assert [row[1] for row in found.rows if row[2] in env] == list(env.values())
    assert found.err.endswith(f"error: {problem}\nhint: `todo help settings` describes it\n")


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        (f"mysql://ann:{SECRETS[0]}@h/db", "`mysql://` is not supported\n"),
        (f"jdbc:postgresql://h/db?user=ann&password={SECRETS[0]}", "this is not a database URL\n"),
        (f"postgresql://ann%3A{SECRETS[0]}@h/db", "the user name of the database URL contains"),
        (f"postgresql://ann@h/db&password={SECRETS[0]}", "the database name of the database URL"),
    ],
)
@pytest.mark.parametrize("argv", [["config"], ["config", "--json"], ["doctor"], ["whoami"]])
def test_a_database_url_that_cannot_be_used_is_not_repeated(
    local: Todo, argv: list[str], url: str, problem: str
) -> None:
    found = local(*argv, env={"TODO_DATABASE_URL": url})
    assert found.code == 2
    assert problem in found.out + found.err
    assert SECRETS[0] not in found.out + found.err
    if argv == ["config"]:
        assert "database_url\tset\tTODO_DATABASE_URL" in found.out


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("page_size = [", "the settings file {} cannot be read: line 1: invalid value"),
        (
            "page_size = 5\n\nsort = due\n",
            "the settings file {} cannot be read: line 3: invalid value",
        ),
        (
            'page_size = 5\nsort = "due',
            "the settings file {} cannot be read: line 2: unterminated string",
        ),
        (
            "page_size = 5\n# caf\udce9",
            "the settings file {} cannot be read: line 2: it is not UTF-8",
        ),
        ("pagesize = 3", "there is no setting `pagesize` in {}"),
        ("database_url = 5", "`database_url` in {} cannot be used: it must be a valid string"),
    ],
    ids=["not-closed", "no-quotes", "open-quote", "no-utf-8", "unknown-name", "wrong-type"],
)
def test_a_settings_file_that_cannot_be_used_is_2(
    local: Todo, file: Path, text: str, problem: str
) -> None:
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    for argv in (["config"], ["list"], ["add", "x"], ["doctor"]):
        found = local(*argv)
        assert found.code == 2
        assert f"{problem.format(file)}\n" in (found.out if argv == ["doctor"] else found.err)
    assert len(local("config").rows) == len(ABOUT)


def test_a_settings_file_that_a_windows_editor_saved_is_read(local: Todo, file: Path) -> None:
    file.write_bytes(b'\xef\xbb\xbfpage_size = 5\r\nsort = "due"\r\n')
    assert values(local)["page_size"] == ["5", str(file)]
    assert values(local)["sort"] == ["due", str(file)]


def test_a_settings_file_that_is_not_there_is_said(local: Todo, tmp_path: Path) -> None:
    path = tmp_path / "typo.toml"
    refusal = (
        f"error: there is no settings file {path}\n"
        "hint: TODO_CONFIG names it; unset it, or make the file\n"
    )
    env = {"TODO_CONFIG": str(path)}

    assert local("list", env=env) == Result(2, "", refusal)
    shown = local("config", env=env)
    assert (len(shown.rows), shown.err) == (
        len(ABOUT),
        f"settings file: {path} (not there)\n{refusal}",
    )
    assert local("doctor", env=env).rows[0][:2] == ["settings", "failed"]


def test_a_folder_is_no_settings_file(local: Todo, tmp_path: Path) -> None:
    assert local("list", env={"TODO_CONFIG": str(tmp_path)}) == Result(
        2, "", f"error: the settings file {tmp_path} is a folder\nhint: name a file in it\n"
    )


@pytest.mark.parametrize("argv", [["--version"], ["--help"], ["help"], ["help", "settings"]])
def test_help_is_there_whatever_the_settings_say(local: Todo, file: Path, argv: list[str]) -> None:
    file.write_text("page_size = [")
    assert local(*argv, env={"TODO_PAGE_SIZE": "many", "TODO_DATABASE_URL": "x"}).code == 0


def test_color_is_of_a_terminal(local: Todo) -> None:
    local.ok("add", "Buy milk", "-p", "high")
    bold = local.ok("list", terminal=True, env={"TODO_COLOR": "always"}).out
    plain = local.ok("list", terminal=True, colour=True, env={"TODO_COLOR": "never"}).out
    assert "\x1b[" in bold
    assert "\x1b[" not in plain


@pytest.mark.parametrize("argv", [["list"], ["log"], ["stats"], ["help", "dates"], ["nothing"]])
def test_a_pipe_is_colored_only_by_always(local: Todo, argv: list[str]) -> None:
    local.ok("add", "Buy milk", "-p", "high")
    for options in ([], ["--color", "auto"], ["--table"]):
        result = local(*options, *argv)
        assert "\x1b[" not in result.out + result.err
    colored = local("--color", "always", *argv)
    assert "\x1b[" not in colored.err
    assert ("\x1b[" in colored.out) == (argv != ["nothing"])


@pytest.mark.parametrize("argv", [["list"], ["log"], ["stats"], ["show", "1"]])
@pytest.mark.parametrize("where", ["before", "after"])
def test_a_pipe_gets_what_a_terminal_shows_if_told_to(
    local: Todo, argv: list[str], where: str
) -> None:
    local.ok("add", "Buy milk", "-p", "high")
    there = local.ok(*argv, terminal=True).out
    assert local.ok(*argv).out != there
    words = ["--table", *argv] if where == "before" else [*argv, "--table"]
    assert local.ok(*words).out == there
    colored = local.ok(*argv, terminal=True, colour=True).out
    assert local.ok(*argv, "--color", "always").out == colored
    assert local.ok(*argv, env={"TODO_COLOR": "always"}).out == colored
    assert local.ok(*argv, "--color", "never", env={"TODO_COLOR": "always"}).out != there


def test_a_table_in_a_pipe_has_all_tasks_and_changes_no_other_form(local: Todo) -> None:
    local.ok("add", "-", stdin="\n".join(map(str, range(30))))
    assert len(local.ok("list", "--table").out.splitlines()) == 32
    assert len(local.ok("list", "--table", terminal=True).out.splitlines()) == 23
    assert local.ok("list", "--table", "-q", "--limit", "1").out == "1\n"
    assert local.ok("list", "--color", "always", "--json").out == local.ok("list", "--json").out
    changed = local.ok("done", "3", "--table").out.splitlines()
    assert changed[-1].split() == ["3", "✓", "2"]
    assert local.ok("done", "3", "--table").out == ""


def test_the_option_overrules_the_setting(local: Todo) -> None:
    local.ok("add", "Buy milk", "-p", "high")
    setting = {"TODO_COLOR": "always"}
    assert "\x1b[" not in local.ok("list", "--color", "never", terminal=True, env=setting).out
    setting = {"TODO_COLOR": "never"}
    assert "\x1b[" in local.ok("list", "--color", "always", terminal=True, env=setting).out


def test_page_size_and_sort_are_what_lists_use(local: Todo) -> None:
    for title in ("b", "a", "c"):
        local.ok("add", title)
    env = {"TODO_PAGE_SIZE": "2", "TODO_SORT": "-title"}
    assert [row[-1] for row in local.ok("list", env=env).rows] == ["c", "b", "a"]
    assert "2 of 3" in local.ok("list", terminal=True, env=env).out


def test_a_store_in_whatever_folder_one_stands_in_is_refused(local: Todo) -> None:
    result = local("list", env={"TODO_DATA_DIR": "relative"})

    assert (result.code, result.out) == (2, "")
    assert "TODO_DATA_DIR cannot be used" in result.err
    assert "absolute path" in result.err


class Homeless(Todo):
    """Somebody without a home folder, in this process: in a container many users have none."""

    @property
    def environment(self) -> dict[str, str]:
        return {"TZ": "UTC", "TODO_AGENT": "off", **self.env}

    def app(self, streams: Streams, env: Mapping[str, str]) -> App:
        return App(streams, env, self.home, lambda: self.now)


@pytest.fixture
def homeless(local: Todo, monkeypatch: pytest.MonkeyPatch) -> Homeless:
    def find_nobody(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setattr("pwd.getpwuid", find_nobody)
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    return Homeless(local.home)


@pytest.mark.parametrize("argv", [["list"], ["add", "x"], ["doctor"], ["config"], ["whoami"]])
def test_without_a_home_folder_the_variable_to_set_is_named(
    homeless: Homeless, argv: list[str]
) -> None:
    said = homeless(*argv)
    problem = f"there is no place for the tasks: the user {os.getuid()} has no home folder\n"
    assert said.code == 2
    assert problem in (said.out if argv == ["doctor"] else said.err)
    assert said.err.endswith("hint: set TODO_DATA_DIR to a folder, or HOME\n")


def test_without_a_home_folder_everything_works_in_a_folder_that_is_named(
    homeless: Homeless,
) -> None:
    homeless.env["TODO_DATA_DIR"] = str(homeless.home)
    homeless.ok("add", "x")
    assert homeless.ok("list", "-q").out == "1\n"
    assert homeless.ok("config").err == f"settings file: {os.devnull}\n"
    homeless.ok("doctor")


def test_a_path_in_a_home_folder_that_is_not_there_is_a_clear_error(homeless: Homeless) -> None:
    data = homeless("list", env={"TODO_DATA_DIR": "~/tasks"})
    assert (data.code, data.err.splitlines()[0]) == (
        2,
        "error: TODO_DATA_DIR cannot be used: it must be an absolute path",
    )
    url = "postgresql://a:b@127.0.0.1:9/x?sslmode=verify-full&sslrootcert=~/root.crt"
    server = homeless("list", env={"TODO_DATA_DIR": str(homeless.home), "TODO_DATABASE_URL": url})
    assert (server.code, server.err.splitlines()[0]) == (
        1,
        "error: there is no home folder for this user",
    )


@pytest.mark.parametrize(
    ("before", "argv", "after", "said"),
    [
        ("", ["set", "page_size", "50"], "page_size = 50\n", "page_size: none → 50"),
        ("# mine", ["set", "color", "never"], '# mine\ncolor = "never"\n', "color: auto → never"),
        (
            '# mine\n"sort"="due"  # "my" #order\npage_size = 9',
            ["set", "sort", "--", "-created,title"],
            '# mine\nsort = "-created,title"  # "my" #order\npage_size = 9',
            "sort: due → -created,title",
        ),
        (
            "\ufeffpage_size = 5\r\n# end\r\n",
            ["set", "page_size", "7"],
            "\ufeffpage_size = 7\r\n# end\r\n",
            "page_size: 5 → 7",
        ),
        ('sort="due" # x\n# end\n', ["unset", "sort"], "# end\n", "sort: due → none (default)"),
        ("page_size = 5", ["set", "page_size", "5"], None, "page_size is 5 already in {}"),
        ("", ["unset", "sort"], None, "sort is not set in {}"),
        ("page_size = -1\n", ["set", "page_size", "2"], "page_size = 2\n", "page_size: -1 → 2"),
        (
            "",
            ["set", "auth_issuer", 'a"b\\c\x7fé'],
            'auth_issuer = "a\\"b\\\\c\\u007fé"\n',
            'auth_issuer: none → a"b\\c\\x7fé',
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_setting_is_set_or_taken_out_and_the_rest_stays(
    local: Todo, file: Path, before: str, argv: list[str], after: str | None, said: str
) -> None:
    file.write_bytes(before.encode())
    file.chmod(0o640)

    assert local("config", *argv) == Result(0, "", said.format(file) + "\n")
    assert file.read_bytes().decode() == (before if after is None else after)
    assert file.stat().st_mode & 0o777 == 0o640
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize(
    ("argv", "code", "hint"),
    [
        (["set", "page_size", "0"], 2, "`todo help settings` describes it"),
        (["set", "page_size", "many"], 2, "`todo help settings` describes it"),
        (["set", "colour", "never"], 2, "did you mean `color`?"),
        (["set", "sort", "nix"], 2, "choose from `number`, `title`"),
        (["set", "data_dir", "tasks"], 2, "`todo help settings` describes it"),
        (["set", "database_url", "postgresql://u:s3cret@h/d"], 2, "`todo connect` keeps it"),
        (["set", "token", "e30.e30.e30"], 2, "set TODO_TOKEN where it is needed"),
        (["set", "auth_url", "https://u:s3cret@h/"], 2, "leave out what is before the `@`"),
        (["set", "sort"], 2, "write `todo config set KEY VALUE`"),
        (["sort"], 2, "did you mean `todo config get sort`?"),
        (["sett", "sort", "due"], 2, "did you mean `todo config set`?"),
        (["set", "profile", "x y"], 2, "`todo help settings` describes it"),
        (["set", "auth_issuer", "new"], 1, "edit the file by hand"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_setting_that_cannot_be_set_leaves_the_file(
    local: Todo, file: Path, argv: list[str], code: int, hint: str
) -> None:
    text = 'auth_issuer = """old\n"""\n'
    file.write_text(text)
    result = local("config", *argv)

    assert (result.code, result.out) == (code, "")
    assert f"hint: {hint}" in result.err
    assert not any(secret in result.err for secret in SECRETS)
    assert file.read_text() == text


def test_one_setting_is_printed(local: Todo, file: Path) -> None:
    local.ok("config", "set", "sort", "due")

    assert local("config", "get", "sort") == Result(0, "due\n", "")
    assert local.ok("config", "get", "sort", "--json").json["origin"] == str(file)
    assert local("config", "get", "token", env={"TODO_TOKEN": "e30.e30.e30"}).out == "set\n"
    warned = local("config", "set", "sort", "title", env={"TODO_SORT": "due"})
    assert warned.err.splitlines()[1:] == [
        "warning: TODO_SORT is set and goes before the settings file"
    ]


@pytest.mark.parametrize(("name", "value"), [("sort", "due"), ("page_size", "7"), ("view", "w")])
def test_none_takes_a_setting_out(local: Todo, file: Path, name: str, value: str) -> None:
    local.ok("config", "set", name, value)

    assert local.ok("config", "set", name, "none").err == f"{name}: {value} → none (default)\n"
    assert name not in file.read_text()
    local.ok("config", "set", "group", "none")
    assert 'group = "none"' in file.read_text()


def test_a_link_to_the_settings_file_stays_one(local: Todo, file: Path, tmp_path: Path) -> None:
    file.rename(tmp_path / "dotfile")
    file.symlink_to(tmp_path / "dotfile")
    local.ok("config", "set", "page_size", "7")

    assert file.is_symlink()
    assert (tmp_path / "dotfile").read_text() == "page_size = 7\n"


@pytest.mark.parametrize(("name", "code"), [("new/config.toml", 0), ("", 1), ("home/x/y", 1)])
def test_where_a_settings_file_can_be_made(
    local: Todo, file: Path, tmp_path: Path, name: str, code: int
) -> None:
    (file.parent / "x").write_text("in the way")
    path = tmp_path / name
    result = local("config", "set", "page_size", "7", env={"TODO_CONFIG": str(path)})

    assert (result.code, result.out, path.is_file()) == (code, "", not code)
    assert "Traceback" not in result.err
