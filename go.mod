module gables

go 1.26
