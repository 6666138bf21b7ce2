# SPDX-License-Identifier: ISC
# fish: what may stand at the cursor, as the program itself says it. File names else.
function __portreeve_offered
	set -l words (commandline -opc)
	$words[1] complete -- $words[2..-1] (commandline -ct) 2>/dev/null
end
complete -c portreeve -a '(__portreeve_offered)'
