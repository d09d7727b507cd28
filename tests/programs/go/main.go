// Reads numbers from a JSON file, squares them in goroutines, writes the result beside it, and ends with the code that the last argument names.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strconv"
	"sync"
	"time"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	var numbers []int
	data, err := os.ReadFile(os.Args[1])
	check(err)
	check(json.Unmarshal(data, &numbers))

	results := make(chan int, len(numbers))
	var all sync.WaitGroup
	for _, number := range numbers {
		all.Add(1)
		go func(n int) {
			defer all.Done()
			time.Sleep(time.Duration(n) * time.Millisecond)
			results <- n * n
		}(number)
	}
	all.Wait()
	close(results)
	var squares []int
	for square := range results {
		squares = append(squares, square)
	}
	sort.Ints(squares)
	text, err := json.Marshal(squares)
	check(err)
	check(os.WriteFile(os.Args[1]+".squares", text, 0o644))
	fmt.Println(string(text), os.Getenv("COLOUR"))

	entries, err := os.ReadDir(".")
	check(err)
	for _, entry := range entries {
		fmt.Println(entry.Name(), entry.IsDir())
	}
	_, err = os.Stat("missing")
	fmt.Println(os.IsNotExist(err), time.Now().Year() > 2000)
	code, err := strconv.Atoi(os.Args[2])
	check(err)
	os.Exit(code)
}
