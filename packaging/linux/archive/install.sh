#!/bin/sh
# Installs Desktop Chat for you alone (below ~/.local), or as root for everybody (below /usr/local).
set -eu
umask 022

usage() {
    echo "usage: ./install.sh [--prefix DIR]"
    echo "Installs Desktop Chat below DIR: ~/.local by default, /usr/local for root."
    echo "An earlier version there is replaced; chats, settings and keys are not touched."
}

fail() {
    echo "install.sh: $1" >&2
    exit 1
}

if [ "$(id -u)" -eq 0 ]; then prefix=/usr/local; else prefix=${HOME:?}/.local; fi
while [ $# -gt 0 ]; do
    case $1 in
        --prefix=*) prefix=${1#--prefix=} ;;
        --prefix)
            [ $# -gt 1 ] || fail "--prefix needs a folder"
            prefix=$2
            shift
            ;;
        -h | --help)
            usage
            exit 0
            ;;
        *)
            usage >&2
            exit 2
            ;;
    esac
    shift
done

[ -n "$prefix" ] || fail "--prefix needs a folder"
# In a desktop entry these would need escapes that not every desktop reads alike.
check_name() {
    case $1 in
        *[\"\\\`\$%\|\&]* | *"
"*) fail "the folder's name has a character that menus cannot start programs with: $1" ;;
    esac
}
check_name "$prefix"
here=$(cd "$(dirname "$0")" && pwd -P)
made=
if [ ! -d "$prefix/lib" ] || grep -qx lib/ "$prefix/lib/desktop-chat/installed-files" 2>/dev/null; then
    made=lib/
fi
mkdir -p "$prefix/lib" || fail "cannot write below $prefix"
prefix=$(cd "$prefix" && pwd -P)
check_name "$prefix"
final=$prefix/lib/desktop-chat
staging=$prefix/lib/.desktop-chat.new
if [ -e "$final" ] && [ ! -f "$final/installed-files" ]; then
    fail "$final was not installed by this script; remove it first, with what installed it"
fi

trap 'rm -rf "$staging"' EXIT
trap 'exit 1' HUP INT TERM
rm -rf "$staging"
cp -R "$here/lib/desktop-chat" "$staging" || fail "cannot write below $prefix/lib; nothing was changed"
cp "$here/uninstall.sh" "$staging/uninstall.sh"
if ! said=$("$staging/desktop-chat" --version 2>&1); then
    fail "the program does not run on this system, nothing was changed: $said"
fi

files=$(cd "$here" && find bin share ! -type d | LC_ALL=C sort)
while IFS= read -r file; do
    if { [ -e "$prefix/$file" ] || [ -L "$prefix/$file" ]; } &&
        ! grep -qxF "$file" "$final/installed-files" 2>/dev/null; then
        fail "$prefix/$file was not installed by this script; remove it first, with what installed it"
    fi
done <<LIST
$files
LIST

# From here on the earlier version goes and the new one comes, with nothing slow between.
if [ -f "$final/installed-files" ]; then
    sh "$here/uninstall.sh" --quiet --prefix "$prefix"
fi

# Every folder that was not there is noted too, so that removing leaves none behind. All is noted before it is
# made, and where it is looked for: one that was interrupted can be repeated, or removed.
echo "$made" >"$staging/installed-files"
mv "$staging" "$final"
list=$final/installed-files
place() {
    folder=$(dirname "$1")
    missing=
    while [ ! -d "$prefix/$folder" ]; do
        missing="$folder/
$missing"
        folder=$(dirname "$folder")
    done
    printf '%s%s\n' "$missing" "$1" >>"$list"
    mkdir -p "$prefix/$(dirname "$1")"
    cp -P "$here/$1" "$prefix/$1"
}

while IFS= read -r file; do
    place "$file"
done <<LIST
$files
LIST

# Menus must find the program where its folder is not on PATH.
program=$prefix/bin/desktop-chat
entry=$(echo "$prefix"/share/applications/*.DesktopChat.desktop)
sed -e "s|^Exec=desktop-chat|Exec=\"$program\"|" -e "s|^TryExec=.*|TryExec=$program|" "$entry" >"$entry.new"
mv "$entry.new" "$entry"
if command -v update-desktop-database >/dev/null; then
    update-desktop-database -q "$prefix/share/applications" || true
fi
touch "$prefix/share/icons/hicolor"
if [ -f "$prefix/share/icons/hicolor/icon-theme.cache" ] && command -v gtk-update-icon-cache >/dev/null; then
    gtk-update-icon-cache -q -t -f "$prefix/share/icons/hicolor" || true
fi

echo "$said is installed below $prefix."
case :$PATH: in
    *:"$prefix/bin":*) echo "Start it from the menu, or by: desktop-chat" ;;
    *) echo "Start it from the menu, or by: $program" ;;
esac
echo "Remove it by: $final/uninstall.sh"

lacking=$(
    find "$final" -name '*.so*' -type f -exec env LD_LIBRARY_PATH="$final/_internal" ldd {} + 2>/dev/null |
        sed -n 's/^[[:space:]]*\([^ ]*\) => not found.*/\1/p' | sort -u
)
if [ -n "$lacking" ]; then
    echo
    echo "Of the system's libraries these are missing; without some of them no window may show:"
    echo "$lacking" | sed 's/^/    /'
    if command -v dnf >/dev/null || command -v zypper >/dev/null; then
        echo "dnf and zypper install them by these names with ()(64bit) behind."
    elif command -v apt-get >/dev/null; then
        echo "On Debian and Ubuntu, the .deb package brings them along."
    fi
fi
