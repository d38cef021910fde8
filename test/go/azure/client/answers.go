package main

import (
	"errors"
	"regexp"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

var entraCode = regexp.MustCompile(`AADSTS\d+`)

// failure tells who refused: Entra or IMDS ("sign-in"), a service, or the client itself before it asked anybody.
func failure(err error) map[string]any {
	failed := map[string]any{"kind": "client", "message": err.Error()}
	var signIn *azidentity.AuthenticationFailedError
	var response *azcore.ResponseError
	switch {
	case errors.As(err, &signIn):
		failed["kind"] = "sign-in"
		if code := entraCode.FindString(err.Error()); code != "" {
			failed["code"] = code
		}
		if signIn.RawResponse != nil {
			failed["status"] = signIn.RawResponse.StatusCode
		}
	case errors.As(err, &response):
		failed["kind"] = "service"
		failed["code"] = response.ErrorCode
		failed["status"] = response.StatusCode
	}
	return map[string]any{"failed": failed}
}
