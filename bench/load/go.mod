module mcp-connector/bench/load

go 1.24
