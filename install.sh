#!/bin/sh
# Installs todo from this checkout for the user who runs it, or upgrades it: the program goes to an
# environment of its own in ~/.local/share, with a link in ~/.local/bin. Tasks are not touched.
set -eu

# As a whole path: a bare word would be the name of a package on the index.
checkout=$(CDPATH="" cd "$(dirname "$0")" && pwd)
environment=${XDG_DATA_HOME:-$HOME/.local/share}/neontodo-venv
folder=$HOME/.local/bin
link=$folder/todo

stop() {
  echo "error: $1" >&2
  echo "hint: $2" >&2
  exit 1
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# Before anything is changed.
if [ -e "$link" ] || [ -L "$link" ]; then
  if [ "$(readlink "$link")" != "$environment/bin/todo" ]; then
    stop "$link is another program; nothing was installed" "rename it, and run this again"
  fi
fi
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  stop "todo needs Python 3.11 or newer as python3" "install it, or use uv: uv tool install $checkout"
fi

if ! python3 -c 'import ensurepip' 2>/dev/null; then
  as_root apt-get update -qq
  as_root apt-get install -qq -y --no-install-recommends python3-venv
fi
python3 -m venv "$environment"
"$environment/bin/pip" install --quiet --disable-pip-version-check --upgrade "$checkout"
mkdir -p "$folder"
ln -sf "$environment/bin/todo" "$link"
echo "installed $("$link" --version)" >&2

first=$(command -v todo || true)
if [ -z "$first" ]; then
  echo "note: $folder is not on your PATH; add it in your shell's start-up file" >&2
elif [ "$first" != "$link" ]; then
  echo "note: $first comes before $link on your PATH" >&2
fi
