"""Declare every setting once: its name, type, default, and one sentence about it.

A setting is taken from its `TODO_*` variable, else from `config.toml`, else it is the default.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from neontodo.errors import BadValue, explain_os_error
from neontodo.filesystem import explain_denial
from neontodo.masking import mask_passwords, mask_url

PREFIX = "TODO_"
CONFIG_VARIABLE = "TODO_CONFIG"

URLS = ("auth_url", "auth_issuer", "auth_audience", "auth_jwks_url")
"""Settings that hold an address, in which a password may have been left."""

PAGE_SIZE = 20
"""How many are shown where neither a setting nor a screen says it."""
NO_VIEW = "none"
"""What is said to be in use if no view is; no view has this name."""

PROFILE = "default"
"""The profile whose folder is the data folder itself."""

PROFILE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


def _profile_name(name: str) -> str:
    # It is the name of a folder.
    if not PROFILE_NAME.fullmatch(name):
        raise ValueError("it must be lowercase letters, digits, `-` and `_`, at most 32")
    return name


def _absolute(path: Path) -> Path:
    # A relative path would mean another store in every working folder.
    with suppress(RuntimeError):
        path = path.expanduser()
    if not path.is_absolute():
        raise ValueError("it must be an absolute path")
    return path


def _default_data_dir() -> Path:
    folder = _find_user_folder(platformdirs.user_data_dir)
    if folder is None:
        raise BadValue(
            f"there is no place for the tasks: the user {os.getuid()} has no home folder",
            hint="set TODO_DATA_DIR to a folder, or HOME",
        )
    return folder


def _find_user_folder(find: Callable[[str], str]) -> Path | None:
    """Return one of the user's own folders; None if the user has no home, as in a container."""
    try:
        folder = Path(find("neontodo"))
    except RuntimeError:
        return None
    return folder if folder.is_absolute() else None


class Settings(BaseSettings):
    """The settings of one run; read them with `load_settings`."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    database_url: Annotated[
        SecretStr | None,
        Field(description="the store, such as postgresql://…; without it the embedded one"),
    ] = None
    token: Annotated[
        SecretStr | None,
        Field(description="a token of `todo token create` or of an issuer, for scripts and CI"),
    ] = None
    data_dir: Annotated[
        Path,
        AfterValidator(_absolute),
        Field(description="the folder of the embedded store and of this machine's key"),
    ] = Field(default_factory=_default_data_dir)
    color: Annotated[
        Literal["auto", "always", "never"],
        Field(description="whether a terminal is colored; auto: not with NO_COLOR"),
    ] = "auto"
    page_size: Annotated[
        int | None,
        Field(
            ge=1,
            le=1000,
            description="how many tasks a page on a terminal has; without it as many as fit",
        ),
    ] = None
    sort: Annotated[str, Field(description="the order of lists, such as `priority,-created`")] = ""
    group: Annotated[
        Literal["none", "due"],
        Field(description="how tables group pending tasks: none, or due, by when they are due"),
    ] = "none"
    view: Annotated[
        str,
        Field(
            description="the view that lists show; `todo view use` goes before the settings file"
        ),
    ] = ""
    profile: Annotated[
        str,
        AfterValidator(_profile_name),
        Field(description="which of your accounts and stores; `todo profiles` lists them"),
    ] = PROFILE
    auth_url: Annotated[
        str | None,
        Field(description="where you sign in, such as https://app.example.com/api/auth"),
    ] = None
    auth_issuer: Annotated[
        str | None,
        Field(description="the `iss` of tokens from there; without it the origin of `auth_url`"),
    ] = None
    auth_audience: Annotated[
        str | None,
        Field(description="the `aud` of tokens from there; without it the same as `iss`"),
    ] = None
    auth_jwks_url: Annotated[
        str | None,
        Field(description="where the keys of `iss` are; without it below `auth_url`"),
    ] = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # `load_settings` gives every value, so that nothing is read behind the app's back.
        return (init_settings,)


@dataclass(frozen=True)
class ListedSetting:
    """A setting as it may be shown: a secret only as set or not set, a URL without its password."""

    name: str
    value: str | int
    origin: str
    about: str


def load_settings(
    env: Mapping[str, str], options: Mapping[str, str]
) -> tuple[Settings, dict[str, str]]:
    """Read the settings; an option of the command line goes before its variable.

    Returns:
        The settings, and where each one that was set came from.

    Raises:
        BadValue: a setting has a value it cannot have; its value is not repeated.
    """
    path = config_path(env)
    values, origins = _collect(path, _read_file(path, env), env, options)
    try:
        return Settings(**values), origins
    except ValidationError as error:
        raise _refusal(error, origins, path) from None


def list_settings(env: Mapping[str, str], options: Mapping[str, str]) -> list[ListedSetting]:
    """List every setting with its value as it was given, even one that cannot be used."""
    path = config_path(env)
    try:
        file = _read_file(path, env)
    except BadValue:
        file = {}
    values, origins = _collect(path, file, env, options)
    return [
        ListedSetting(
            name, _mask(name, values.get(name)), origins.get(name, "default"), describe(name)
        )
        for name in Settings.model_fields
    ]


def _read_file(path: Path, env: Mapping[str, str]) -> dict[str, Any]:
    """Return what the settings file says, nothing if there is none; else BadValue says why."""
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        if env.get(CONFIG_VARIABLE):
            raise BadValue(
                f"there is no settings file {path}",
                hint=f"{CONFIG_VARIABLE} names it; unset it, or make the file",
            ) from None
        return {}
    except IsADirectoryError:
        raise BadValue(f"the settings file {path} is a folder", hint="name a file in it") from None
    except OSError as error:
        usual = explain_os_error(error), None
        reason, hint = explain_denial(path, os.R_OK, CONFIG_VARIABLE) or usual
        raise BadValue(f"the settings file {path} cannot be read: {reason}", hint=hint) from None
    return parse_file(data, path) if data else {}


def parse_file(data: bytes, path: Path) -> dict[str, Any]:
    """Return what the content of a settings file says; BadValue names the line that is wrong."""
    import tomllib

    try:
        # Windows editors put a byte order mark at the beginning.
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line, problem = data.count(b"\n", 0, error.start) + 1, "it is not UTF-8"
    except tomllib.TOMLDecodeError as error:
        text, _, place = str(error).rpartition(" (at ")
        number = re.match(r"line (\d+)", place)
        line = int(number[1]) if number else len(data.splitlines())
        problem = text[:1].lower() + text[1:]
    raise BadValue(
        f"the settings file {path} cannot be read: line {line}: {problem}",
        hint='it must be TOML in UTF-8: `name = "text"` or `name = 5`',
    )


def describe(name: str) -> str:
    """Return the sentence about a setting."""
    return Settings.model_fields[name].description or ""


def variable_name(name: str) -> str:
    """Return the name of a setting's environment variable."""
    return PREFIX + name.upper()


def _collect(
    path: Path, file: dict[str, Any], env: Mapping[str, str], options: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the value of each setting that was set, and where it came from."""
    given = {name: variable_name(name) for name in Settings.model_fields}
    given = {name: variable for name, variable in given.items() if env.get(variable)}
    values = file | {name: env[variable] for name, variable in given.items()} | dict(options)
    origins = dict.fromkeys(file, str(path)) | given | {name: f"--{name}" for name in options}
    return values, origins


def _mask(name: str, value: Any) -> str | int:
    field = Settings.model_fields[name]
    if "SecretStr" in str(field.annotation):
        return "set" if value else "not set"
    if value is None:
        with suppress(BadValue):
            value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, int):
        return value
    # In other settings, too, a URL may have been pasted by mistake.
    return mask_url(str(value or "")) if name in URLS else mask_passwords(str(value or ""))


def config_path(env: Mapping[str, str]) -> Path:
    """Return the path of the settings file, whether it exists or not."""
    given = env.get(CONFIG_VARIABLE)
    if given:
        return Path(given)
    folder = _find_user_folder(platformdirs.user_config_dir)
    # Whoever has no home has no settings file.
    return Path(os.devnull) if folder is None else folder / "config.toml"


def _refusal(error: ValidationError, origins: Mapping[str, str], path: Path) -> BadValue:
    first = error.errors(include_url=False, include_input=False)[0]
    name = str(first["loc"][0])
    where = f"`{name}` in {path}" if origins[name] == str(path) else origins[name]
    if first["type"] == "extra_forbidden":
        return BadValue(f"there is no setting {where}", hint="`todo config` lists them")
    return refuse_setting(error, where)


def refuse_setting(error: ValidationError, where: str) -> BadValue:
    """Return what is wrong with the value of a setting, which is not repeated."""
    first = error.errors(include_url=False, include_input=False)[0]
    problem = first["msg"].lower().removeprefix("value error, ")
    problem = problem.replace("input should be", "it must be").partition(", unable")[0]
    return BadValue(f"{where} cannot be used: {problem}", hint="`todo help settings` describes it")
