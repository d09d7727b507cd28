// cri: a client of the Container Runtime Interface for tests, as kubelet is one.
//
//	cri SOCKET METHOD        the request as JSON on stdin (its members as in api.proto), the answer as JSON on stdout
//	cri SOCKET stream URL    what Exec and Attach gave: stdin goes in; stdout and stderr come out; the exit code is the program's
//
// Exit code 125 with the error on stderr.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"time"

	"golang.org/x/net/websocket"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

const failed = 125

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(failed)
}

// find looks for a method in both services of a CRI endpoint.
func find(socket, name string) reflect.Value {
	connection, err := grpc.Dial("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		fail(err)
	}
	services := []interface{}{runtimeapi.NewRuntimeServiceClient(connection), runtimeapi.NewImageServiceClient(connection)}
	for _, service := range services {
		if method := reflect.ValueOf(service).MethodByName(name); method.IsValid() {
			return method
		}
	}
	fail(fmt.Errorf("no method %s", name))
	return reflect.Value{}
}

func call(socket, name string) {
	method := find(socket, name)
	request := reflect.New(method.Type().In(1).Elem())
	if err := json.NewDecoder(os.Stdin).Decode(request.Interface()); err != nil {
		fail(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	results := method.Call([]reflect.Value{reflect.ValueOf(ctx), request})
	if err, ok := results[1].Interface().(error); ok {
		fail(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(results[0].Interface()); err != nil {
		fail(err)
	}
}

// Channels of "v4.channel.k8s.io": the first byte of each message.
const (
	stdin = iota
	stdout
	stderr
	status
)

// exitCode reads what comes on the status channel: a metav1.Status.
func exitCode(message []byte) int {
	var end struct {
		Status  string
		Message string
		Details struct{ Causes []struct{ Reason, Message string } }
	}
	if err := json.Unmarshal(message, &end); err != nil {
		fail(err)
	}
	if end.Status == "Success" {
		return 0
	}
	for _, cause := range end.Details.Causes {
		code := 0
		if _, err := fmt.Sscan(cause.Message, &code); err == nil && cause.Reason == "ExitCode" {
			return code
		}
	}
	fail(fmt.Errorf("%s", end.Message))
	return failed
}

func send(connection *websocket.Conn) {
	buffer := make([]byte, 4096)
	for {
		n, err := os.Stdin.Read(buffer)
		if n > 0 {
			if err := websocket.Message.Send(connection, append([]byte{stdin}, buffer[:n]...)); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func stream(url string) int {
	config, err := websocket.NewConfig(strings.Replace(url, "http://", "ws://", 1), "http://localhost/")
	if err != nil {
		fail(err)
	}
	config.Protocol = []string{"v4.channel.k8s.io"}
	connection, err := websocket.DialConfig(config)
	if err != nil {
		fail(err)
	}
	go send(connection)
	for {
		var message []byte
		err := websocket.Message.Receive(connection, &message)
		if err == io.EOF {
			return 0
		}
		if err != nil {
			fail(err)
		}
		if len(message) < 2 {
			continue
		}
		switch message[0] {
		case stdout:
			os.Stdout.Write(message[1:])
		case stderr:
			os.Stderr.Write(message[1:])
		case status:
			return exitCode(message[1:])
		}
	}
}

func main() {
	switch {
	case len(os.Args) == 4 && os.Args[2] == "stream":
		os.Exit(stream(os.Args[3]))
	case len(os.Args) == 3:
		call(os.Args[1], os.Args[2])
	default:
		fail(fmt.Errorf("usage: cri SOCKET METHOD | cri SOCKET stream URL"))
	}
}
