// Command godotenv answers what Go itself makes of a text, for the tests that compare this project's readers
// with the ones that the official plugin uses.
//
// Its argument says what is asked: "dotenv" (a file, by the module joho/godotenv), "bool" (strconv.ParseBool),
// "int" (strconv.Atoi) or "duration" (time.ParseDuration). Each line of standard input is a JSON string, the
// file's path or the text; each line of standard output is the answer, in the same order.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/joho/godotenv"
)

// An answer holds an error or what was read: pairs of key and value in base64, since either may be any bytes,
// or one value in words.
type answer struct {
	Error string            `json:"error,omitempty"`
	Pairs map[string]string `json:"pairs,omitempty"`
	Value string            `json:"value,omitempty"`
}

func main() {
	if len(os.Args) != 2 {
		fail(fmt.Errorf("want one argument: dotenv, bool, int or duration"))
	}
	ask, known := map[string]func(string) answer{
		"dotenv": dotenv, "bool": parseBool, "int": parseInt, "duration": duration,
	}[os.Args[1]]
	if !known {
		fail(fmt.Errorf("no such question: %q", os.Args[1]))
	}

	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	in, answers := json.NewDecoder(bufio.NewReader(os.Stdin)), json.NewEncoder(out)
	for in.More() {
		var text string
		if err := in.Decode(&text); err != nil {
			fail(err)
		}
		if err := answers.Encode(ask(text)); err != nil {
			fail(err)
		}
	}
}

func dotenv(path string) answer {
	values, err := godotenv.Read(path)
	if err != nil {
		return answer{Error: err.Error()}
	}
	pairs := make(map[string]string, len(values))
	for key, value := range values {
		pairs[base64.StdEncoding.EncodeToString([]byte(key))] = base64.StdEncoding.EncodeToString([]byte(value))
	}
	return answer{Pairs: pairs}
}

func parseBool(text string) answer {
	value, err := strconv.ParseBool(text)
	return either(strconv.FormatBool(value), err)
}

func parseInt(text string) answer {
	value, err := strconv.Atoi(text)
	return either(strconv.Itoa(value), err)
}

func duration(text string) answer {
	value, err := time.ParseDuration(text)
	return either(strconv.FormatInt(value.Nanoseconds(), 10), err)
}

func either(value string, err error) answer {
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Value: value}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "godotenv:", err)
	os.Exit(1)
}
