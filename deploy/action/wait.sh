#!/usr/bin/env bash
# Asks Signalbox whether this commit may pass, until it may or the time is over. Ends with 0 only after the answer
# `"cleared": true` for this environment and commit; whatever else happens, it fails. Needs curl and jq.
set -euo pipefail

url="${SIGNALBOX_URL:?where Signalbox is reached}"
environment="${SIGNALBOX_ENVIRONMENT:?the name of the environment in signalbox.toml}"
commit="${SIGNALBOX_COMMIT:-${GITHUB_SHA:?the commit}}"
minutes="${SIGNALBOX_TIMEOUT_MINUTES:-60}"
interval="${SIGNALBOX_INTERVAL_SECONDS:-15}"
answer=$(mktemp); trap 'rm -f "$answer"' EXIT
last=""

# What others wrote (a lock's reason, a person's name) must not be taken for commands of the log.
say() {
  local fence="signalbox-$RANDOM$RANDOM$RANDOM"
  printf '::stop-commands::%s\n%s\n::%s::\n' "$fence" "$1" "$fence"
}

summary() {
  [ -n "${GITHUB_STEP_SUMMARY:-}" ] || return 0
  # Indented by four, so that nothing in it is Markdown.
  { printf '### Signalbox: %s\n\n' "$environment"; printf '%s\n' "$1" | sed 's/^/    /'; } >> "$GITHUB_STEP_SUMMARY"
}

give_up() {
  summary "$1"
  echo "::error title=Signalbox::The gate of $environment did not open. The log says why."
  say "$1"
  exit 1
}

# A job's own token lives for minutes, so each question gets a new one.
token() {
  if [ -n "${SIGNALBOX_TOKEN:-}" ]; then printf '%s' "$SIGNALBOX_TOKEN"; return; fi
  curl -sS --fail --max-time 10 -H "Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" \
    "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=signalbox" | jq -er '.value | strings'
}

if [ -z "${SIGNALBOX_TOKEN:-}" ] && [ -z "${ACTIONS_ID_TOKEN_REQUEST_URL:-}" ]; then
  give_up "There is no token: give the job \`permissions: id-token: write\`, or this step \`token:\`."
fi
command -v jq > /dev/null || give_up "This runner has no jq."
[[ "$environment" =~ ^[a-z][a-z0-9_-]*$ ]] || give_up "The environment's name is not one of signalbox.toml."
[[ "$commit" =~ ^[0-9a-f]{40,64}$ ]] || give_up "The commit is not a full one."
[[ "$minutes" =~ ^[0-9]{1,5}$ && "$interval" =~ ^[0-9]{1,5}$ ]] || give_up "The times are not whole numbers."
deadline=$((SECONDS + 10#$minutes * 60))

# With a token that names no run, the run is said beside it.
address="${url%/}/v1/gates/$environment/$commit"
if [ -n "${SIGNALBOX_TOKEN:-}" ] && [ -n "${GITHUB_RUN_ID:-}" ]; then
  address="$address?run=$GITHUB_RUN_ID&attempt=${GITHUB_RUN_ATTEMPT:-1}"
fi

while :; do
  text="Signalbox could not be asked."
  : > "$answer"
  if bearer=$(token 2>&1); then
    # The token goes in on standard input: arguments can be read by other processes.
    if status=$(printf 'header = "Authorization: Bearer %s"\n' "$bearer" \
      | curl -sS --globoff --config - --max-time 15 --max-filesize 262144 -o "$answer" -w '%{http_code}' "$address" 2>&1); then
      case "$status" in
        200)
          # One word for one whole answer about this commit. What jq prints decides, and not how it ends: of an
          # empty answer some versions of it say nothing, and call that well.
          word=$(jq -rs --arg environment "$environment" --arg commit "$commit" \
            'if length != 1 then "odd" else .[0] end
             | if type != "object" or .environment != $environment or .commit != $commit then "odd"
               elif .cleared == true then "cleared" elif .cleared != false then "odd"
               elif .final == true then "over" else "closed" end' "$answer" 2> /dev/null) || word="odd"
          text=$(jq -r '.text | strings' "$answer" 2> /dev/null) || word="odd"
          case "$word" in
            cleared) say "$text"; summary "$text"; exit 0 ;;
            closed) ;;
            over) give_up "$text" ;;
            *) give_up "What answered was not Signalbox, or not about this commit." ;;
          esac
          ;;
        408 | 429 | 5??) text="Signalbox cannot answer right now ($status)." ;;
        *) give_up "Signalbox refused to answer ($status): $(jq -r '.why | strings' "$answer" 2> /dev/null | head -c 300)" ;;
      esac
    fi
  else
    text="The job's OIDC token could not be had."
  fi
  if [ "$text" != "$last" ]; then say "$text"; last="$text"; fi
  [ $((SECONDS + 10#$interval)) -le "$deadline" ] || give_up "The time is over. $text"
  sleep "$interval"
done
