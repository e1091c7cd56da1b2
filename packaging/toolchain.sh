# What the scripts of this folder need before they can build. To be sourced; POSIX sh.
# Sets: target (where cargo builds). Ends the script with one sentence when something is missing.

# The oldest Rust that builds this workspace; the same figure as rust-version in Cargo.toml.
rust_needed="1.95"

say() { printf '%s\n' "$*" >&2; }

# True when version $1 is at least version $2 (major.minor).
at_least() {
    have_major=${1%%.*}; rest=${1#*.}; have_minor=${rest%%.*}
    need_major=${2%%.*}; need_minor=${2#*.}
    [ "$have_major" -gt "$need_major" ] || { [ "$have_major" -eq "$need_major" ] && [ "$have_minor" -ge "$need_minor" ]; }
}

# Packages of Debian, silently, when we may; false otherwise.
install_packages() {
    [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1 || return 1
    say "Installation de : $*"
    DEBIAN_FRONTEND=noninteractive
    export DEBIAN_FRONTEND
    { apt-get install -y --no-install-recommends "$@" || { apt-get update && apt-get install -y --no-install-recommends "$@"; }; } >/dev/null 2>&1
}

need_toolchain() {
    if ! command -v cargo >/dev/null 2>&1 && [ -x "$HOME/.cargo/bin/cargo" ]; then
        PATH="$HOME/.cargo/bin:$PATH"
        export PATH
    fi
    if ! command -v cargo >/dev/null 2>&1; then
        say "Il manque Rust $rust_needed ou plus récent : installez-le avec rustup (https://rustup.rs), puis relancez."
        exit 1
    fi
    have=$(cargo --version | sed 's/^cargo \([0-9.]*\).*/\1/')
    if ! at_least "$have" "$rust_needed"; then
        say "Rust $have est trop ancien, il faut $rust_needed ou plus récent : « rustup update », puis relancez."
        exit 1
    fi
    # SQLite and the cryptographic library are C.
    if ! command -v cc >/dev/null 2>&1 && ! command -v gcc >/dev/null 2>&1 && ! command -v clang >/dev/null 2>&1; then
        if ! install_packages gcc libc6-dev; then
            say "Il manque un compilateur C : installez-le (Debian, Ubuntu : « sudo apt-get install gcc libc6-dev »), puis relancez."
            exit 1
        fi
    fi
    # Wherever the user's cargo builds: environment and configuration may move it.
    target=$(cargo metadata --locked --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
    if [ -z "$target" ]; then
        say "cargo ne dit pas où il construit : lancez « cargo metadata » pour voir pourquoi."
        exit 1
    fi
}
