#!/bin/sh
# Removes Desktop Chat as install.sh installed it. Chats, settings and keys are not touched.
set -eu

usage() {
    echo "usage: uninstall.sh [--prefix DIR]"
    echo "Removes Desktop Chat below DIR: where this script is installed, else ~/.local, /usr/local for root."
    echo "Chats, settings and keys are not touched."
}

here=$(cd "$(dirname "$0")" && pwd -P)
if [ -f "$here/installed-files" ]; then
    prefix=$(dirname "$(dirname "$here")")
elif [ "$(id -u)" -eq 0 ]; then
    prefix=/usr/local
else
    prefix=${HOME:?}/.local
fi
quiet=
while [ $# -gt 0 ]; do
    case $1 in
        --prefix=*) prefix=${1#--prefix=} ;;
        --prefix)
            if [ $# -lt 2 ]; then
                usage >&2
                exit 2
            fi
            prefix=$2
            shift
            ;;
        --quiet) quiet=1 ;;
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

library=$prefix/lib/desktop-chat
if [ ! -f "$library/installed-files" ]; then
    echo "uninstall.sh: Desktop Chat is not installed below $prefix, or not by install.sh" >&2
    exit 1
fi
list=$(cat "$library/installed-files")
# In the order of the list a folder stands before what is in it.
backwards=
while IFS= read -r path; do
    case $path in
        */) backwards="$path
$backwards" ;;
        "") ;;
        *) rm -f "$prefix/$path" ;;
    esac
done <<LIST
$list
LIST
# The list goes last: one that was interrupted can be repeated.
find "$library" -mindepth 1 -maxdepth 1 ! -name installed-files -exec rm -rf {} +
rm -rf "$library"

applications=$prefix/share/applications
if [ -d "$applications" ]; then
    if command -v update-desktop-database >/dev/null; then
        update-desktop-database -q "$applications" || true
    fi
    # Made by update-desktop-database; with no entry left it is of no use.
    if [ "$(ls -A "$applications")" = mimeinfo.cache ]; then rm -f "$applications/mimeinfo.cache"; fi
fi
icons=$prefix/share/icons/hicolor
if [ -f "$icons/icon-theme.cache" ] && command -v gtk-update-icon-cache >/dev/null; then
    gtk-update-icon-cache -q -t -f "$icons" || true
fi
while IFS= read -r path; do
    if [ -n "$path" ]; then rmdir "$prefix/$path" 2>/dev/null || true; fi
done <<LIST
$backwards
LIST
if [ -z "$quiet" ]; then
    echo "Desktop Chat is removed from $prefix. Your chats, settings and keys are still there."
fi
