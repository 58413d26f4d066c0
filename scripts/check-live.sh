#!/usr/bin/env bash
# Runs this project's commands against Amazon Bedrock with the credentials of the environment: what our own tests cannot do.
#
#   AWS_REGION=us-east-1 scripts/check-live.sh     costs less than a US cent; creates and deletes nothing in the account
#   scripts/check-live.sh --loopback               the same against a Bedrock on this machine: tests the script
#
# CONVERSE_MODEL, INVOKE_MODEL, SONIC_MODEL name other models; CHECK_LIVE_DIR the folder for what is kept. Each call is recorded without
# credentials, signatures, text and speech (docs/recording.md). Exit code 0 if all passed.
set -uo pipefail

converse_model=${CONVERSE_MODEL:-us.amazon.nova-micro-v1:0}
invoke_model=${INVOKE_MODEL:-us.amazon.nova-micro-v1:0}
sonic_model=${SONIC_MODEL:-amazon.nova-2-5-sonic}
question=$(cd "$(dirname "$0")/.." && pwd)/fixtures/audio/question.wav
kept=${CHECK_LIVE_DIR:-$(mktemp -d)}
passed=0
failed=0

command -v bedrock >/dev/null || declare -F bedrock >/dev/null || {
    echo 'bedrock is not on the PATH: cargo install --locked --path crates/bedrock-cli' >&2
    exit 2
}

# step NAME CODE TEXT COMMAND...: the command must exit with CODE and print TEXT, on either of its outputs.
step() {
    local name=$1 code=$2 text=$3 status
    shift 3
    "$@" >"$kept/$name.txt" 2>&1 </dev/null
    status=$?
    if [ "$status" -eq "$code" ] && grep -q -- "$text" "$kept/$name.txt"; then
        passed=$((passed + 1))
        printf '%-11s passed\n' "$name"
    else
        failed=$((failed + 1))
        printf '%-11s FAILED: exit code %s (wanted %s and "%s"):\n' "$name" "$status" "$code" "$text"
        tail -n 5 "$kept/$name.txt"
    fi
}

# A key that the service does not know must be refused, as such, in words that say what to do.
with_a_wrong_key() (
    export AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=wrong
    unset AWS_SESSION_TOKEN AWS_PROFILE AWS_BEARER_TOKEN_BEDROCK
    bedrock converse --model "$converse_model" --max-tokens 8 'Say one word.'
)

if [ "${1-}" = --loopback ]; then
    bedrock serve --quiet --tls-dir "$kept/ca" >"$kept/serve.txt" 2>&1 &
    server=$!
    trap 'kill $server 2>/dev/null' EXIT
    for _ in {1..100}; do
        grep -q AWS_ENDPOINT "$kept/serve.txt" && break
        sleep 0.1
    done
    # What it prints is what a shell reads: endpoint, authority, region, key.
    eval "$(grep '^export ' "$kept/serve.txt")"
    unset AWS_SESSION_TOKEN AWS_PROFILE AWS_BEARER_TOKEN_BEDROCK
elif [ $# -gt 0 ]; then
    sed -n '2,9p' "$0"
    exit 2
fi

step doctor 0 'credentials ok' bedrock doctor
step converse 0 . bedrock converse --model "$converse_model" --max-tokens 64 --record "$kept/converse.jsonl" 'Answer in one word: what is the capital of Peru?'
step invoke 0 . bedrock invoke --model "$invoke_model" --max-tokens 64 --record "$kept/invoke.jsonl" 'Answer in one word: what is the capital of Peru?'
step refusal 1 'HTTP 403' with_a_wrong_key
step sonic 0 '^complete' bedrock sonic "$question" --model "$sonic_model" --out "$kept/reply.wav" --record "$kept/sonic.jsonl"

echo "$passed passed, $failed failed; what went over the wire, without text and speech, is in $kept"
[ "$failed" -eq 0 ]
