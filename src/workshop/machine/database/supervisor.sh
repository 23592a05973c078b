# Runs a server for as long as its owner lives:  sh supervisor.sh FOLDER PROGRAM [ARGUMENT…]
#
# The owner holds the other end of standard input and never writes. When it closes that end, or
# dies by whatever cause (the kernel closes it then), the server is stopped and FOLDER removed.
# A server that ends by itself ends the supervisor with its exit code, and FOLDER stays.
folder=$1
shift
abandoned=
exec 3<&0

"$@" </dev/null 3<&- &
server=$!
trap 'kill -TERM "$server" 2>/dev/null' TERM
trap 'abandoned=yes; kill -TERM "$server" 2>/dev/null' USR1

(
  trap - USR1 TERM
  while read -r _ <&3; do :; done
  kill -USR1 $$
  # A server that hangs in its own end (a full disk, a stalled one) is not waited for for ever.
  tries=0
  while kill -0 "$server" && [ "$tries" -lt 100 ]; do
    sleep 0.1
    tries=$((tries + 1))
  done
  kill -KILL "$server"
) 2>/dev/null &
watcher=$!
exec 3<&-

# A signal interrupts wait: only a server that is gone ends the loop.
while :; do
  wait "$server"
  code=$?
  kill -0 "$server" 2>/dev/null || break
done
kill -KILL "$watcher" 2>/dev/null
if [ -n "$abandoned" ]; then
  rm -rf -- "$folder"
fi
exit "$code"
