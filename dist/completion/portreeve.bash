# SPDX-License-Identifier: ISC
# bash: what may stand at the cursor, as the program itself says it. File names else.
_portreeve() {
	local current=${COMP_WORDS[COMP_CWORD]} word
	COMPREPLY=()
	while IFS=$'\t' read -r word _; do
		[[ $word == "$current"* ]] && COMPREPLY+=("$word")
	done < <("$1" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _portreeve portreeve
