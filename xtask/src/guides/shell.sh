# Read before each block of the docs: commands as they are on a machine where the tools are built and installed.
set -e
PATH=$ROOT/target/debug:$PATH
cargo() {
    case "$1 $2" in
    'run --release') # cargo run --release -- …
        shift 3
        bedrock "$@" ;;
    'run -p') # cargo run -p CRATE --example NAME [--features F] [-- …]
        example=$5
        shift 5
        [ "${1-}" = --features ] && shift 2
        [ "${1-}" = -- ] && shift
        "$ROOT/target/debug/examples/$example" "$@" ;;
    'install --locked') ;; # it is built
    *)
        echo "the docs' test does not know how to run: cargo $*" >&2
        return 1 ;;
    esac
}
# What a block has started ends with it.
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
