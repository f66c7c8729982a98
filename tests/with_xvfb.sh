#!/usr/bin/env bash
# tests/with_xvfb.sh PROGRAM [ARGUMENT...]
#
# Runs a program in windows of the X Window System, on a server of its own (Xvfb) that nobody sees and that ends with
# it. The exit code is the program's; 77, which stands for a skipped test, where Xvfb or Qt's xcb plugin is missing.
# There is no window manager: a window has the place and the size that it asks for, and no frame.
set -uo pipefail
set -m # a program has a process group of its own, so that all of it can be ended

if [ $# -lt 1 ]; then
    echo "Usage: tests/with_xvfb.sh PROGRAM [ARGUMENT...]" >&2
    exit 2
fi
skip() {
    printf 'SKIP: %s\n' "$*"
    exit 77
}
command -v Xvfb >/dev/null 2>&1 || skip "There is no Xvfb here; on Debian it is in the package xvfb."

folder=$(mktemp -d) || exit 1
server='' program=''
clean_up() {
    trap - EXIT INT TERM HUP
    if [ -n "$program" ]; then kill -KILL -- "-$program" 2>/dev/null; fi
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null
        wait "$server" 2>/dev/null # it removes its lock file and socket
    fi
    rm -rf -- "$folder"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# The server goes too when this script is killed without a chance to clean up.
bound=()
if command -v setpriv >/dev/null 2>&1; then bound=(setpriv --pdeathsig TERM); fi

# The server chooses a display that is free, and says which once it can be used.
mkfifo "$folder/display" || exit 1
"${bound[@]}" Xvfb -displayfd 3 -screen 0 1920x1080x24 -nolisten tcp -noreset \
    3>"$folder/display" >"$folder/server.log" 2>&1 &
server=$!
display=''
read -r -t 120 display <"$folder/display"
if [ -z "$display" ]; then
    echo "Xvfb does not start:" >&2
    cat "$folder/server.log" >&2
    exit 1
fi

# What the desktop of whoever runs this says about style, scale and dialogs must not change the tests.
export QT_QPA_PLATFORM=xcb DISPLAY=":$display" DBUS_SESSION_BUS_ADDRESS=disabled:
unset WAYLAND_DISPLAY XAUTHORITY XDG_CURRENT_DESKTOP DESKTOP_SESSION GNOME_DESKTOP_SESSION_ID KDE_FULL_SESSION \
    QT_QPA_PLATFORMTHEME QT_STYLE_OVERRIDE QT_SCALE_FACTOR QT_SCREEN_SCALE_FACTORS QT_FONT_DPI
("$@" 2>&1 | tee "$folder/output") &
program=$!
wait "$program"
code=$?
program=''

# A program that could not reach the server has failed; one without the plugin could not even try.
if [ "$code" -ne 0 ] && grep -qE 'Could not (find|load) the Qt platform plugin "xcb"' "$folder/output" &&
    ! grep -q 'could not connect to display' "$folder/output"; then
    skip "Qt's plugin for the X Window System (xcb) is missing or cannot be loaded."
fi
exit "$code"
