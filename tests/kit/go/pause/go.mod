module asynctaskflow.dev/testkit/pause

go 1.24
