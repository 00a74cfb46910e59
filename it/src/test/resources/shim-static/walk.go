// Walks the directory that it is given, reads a file, and goes there.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

func main() {
	count := 0
	filepath.Walk(os.Args[1], func(path string, info os.FileInfo, err error) error {
		if err != nil {
			panic(err)
		}
		count++
		return nil
	})
	content, err := os.ReadFile(filepath.Join(os.Args[1], "n1.txt"))
	if err != nil {
		panic(err)
	}
	if err := os.Chdir(os.Args[1]); err != nil {
		panic(err)
	}
	here, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	if err := os.WriteFile("from-go", content[:4], 0o640); err != nil {
		panic(err)
	}
	told, err := exec.Command("../bin/greet", "from go").Output()
	fmt.Println(count, len(content), here, err, string(told))
}
