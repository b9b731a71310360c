# shellcheck shell=bash
# Whether the settings that a running kubelet goes by are the declared ones.

# json_values: each value of a JSON text on stdin as a line of its path, with / between the keys, a space and the value.
json_values() {
  awk '
    function blank() { while (substr(text, at, 1) ~ /[ \t\r\n]/) at++ }
    function quoted(   found, mark) {
      found = ""
      for (at++; (mark = substr(text, at, 1)) != "\"" && at <= length(text); at++) {
        if (mark == "\\") {
          mark = substr(text, ++at, 1)
          if (mark == "u") {
            mark = substr(text, at + 1, 4)
            at += 4
            mark = mark == "003c" ? "<" : mark == "003e" ? ">" : mark == "0026" ? "&" : "\\u" mark
          }
        }
        found = found mark
      }
      at++
      return found
    }
    function value(path,   mark, found, index_) {
      blank()
      mark = substr(text, at, 1)
      if (mark == "{" || mark == "[") {
        at++
        index_ = 0
        for (blank(); substr(text, at, 1) !~ /[]}]/ && at <= length(text); blank()) {
          if (mark == "{") {
            found = quoted()
            blank()
            at++
          } else {
            found = index_++
          }
          value(path == "" ? found : path "/" found)
          blank()
          if (substr(text, at, 1) == ",") at++
        }
        at++
        return
      }
      if (mark == "\"") {
        found = quoted()
      } else {
        for (found = ""; (mark = substr(text, at, 1)) !~ /[],}[:space:]]/ && at <= length(text); at++) found = found mark
      }
      print path, found
    }
    { text = text $0 }
    END { at = 1; value("") }
  '
}

# value_at PATH VALUES: the value at a path; nothing where there is none.
value_at() {
  local path value
  while IFS=' ' read -r path value; do
    [[ $path != "$1" ]] || printf '%s' "$value"
  done <<<"$2"
}

# A kubelet leaves out what is empty, and shows a share of its own defaults for it.
is_empty_value() { [[ -z $1 || $1 == 0 || $1 == false || $1 == 0s ]]; }

# differing_settings DECLARED CONFIGZ: a line for each setting (lines of: path, value) that is not in effect.
differing_settings() {
  local values path wanted found
  values=$(json_values <<<"$2")
  while IFS=' ' read -r path wanted; do
    [[ -n $path ]] || continue
    found=$(value_at "kubeletconfig/$path" "$values")
    if [[ $found == "$wanted" ]] || { [[ -z $found ]] && is_empty_value "$wanted"; }; then continue; fi
    printf '%s in effect is %s, and the declared one is %s\n' "$path" "${found:--}" "${wanted:-empty}"
  done <<<"$1"
}
