-- SPDX-License-Identifier: ISC
--
-- usage: rspamadm lua -b rspamd.lua, with the batch file's name in BATCH_FILE
-- CPU time of rspamd for every message: it has no way to read a line by itself, so the time
-- of a line is that of the message shared out. Prints one JSON object, as bench-trace does.
local rspamd_task = require "rspamd_task"
local ucl = require "ucl"

local texts = {}
for line in io.lines(os.getenv("BATCH_FILE")) do
	local parser = ucl.parser()
	if parser:parse_string(line) then
		texts[#texts + 1] = parser:get_object().message .. "\n"
	end
end

local blocks, lines = 0, 0
local from = os.clock()
for _, text in ipairs(texts) do
	local ok, task = rspamd_task.load_from_string(text, rspamd_config)
	if ok then
		task:process_message()
		lines = lines + #(task:get_received_headers() or {})
		blocks = blocks + 1
		task:destroy()
	end
end
local spent = os.clock() - from
print(string.format('{"lines":%d,"us_per_line":%.1f,"blocks":%d,"blocks_per_cpu_s":%.0f}',
	lines, spent * 1e6 / lines, blocks, blocks / spent))
