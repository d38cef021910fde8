package main

import (
	"fmt"
	"net/http"
)

// A problem is an answer of the service that is not a success. Codes and statuses:
// https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes
type problem struct {
	status  int
	code    string
	message string
}

var (
	errContainerNotFound   = &problem{404, "ContainerNotFound", "The specified container does not exist."}
	errBlobNotFound        = &problem{404, "BlobNotFound", "The specified blob does not exist."}
	errContainerExists     = &problem{409, "ContainerAlreadyExists", "The specified container already exists."}
	errBlobAlreadyExists   = &problem{409, "BlobAlreadyExists", "The specified blob already exists."}
	errConditionNotMet     = &problem{412, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met."}
	errNotModified         = &problem{304, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met."}
	errInvalidRange        = &problem{416, "InvalidRange", "The range specified is invalid for the current size of the resource."}
	errInvalidBlockList    = &problem{400, "InvalidBlockList", "The specified block list is invalid."}
	errBlockListTooLong    = &problem{400, "BlockListTooLong", "The block list may not contain more than 50,000 blocks."}
	errInvalidBlobOrBlock  = &problem{400, "InvalidBlobOrBlock", "The specified blob or block content is invalid."}
	errInvalidBlockID      = &problem{400, "InvalidBlockId", "The specified block ID is invalid. The block ID must be Base64-encoded."}
	errMD5Mismatch         = &problem{400, "Md5Mismatch", "The MD5 value specified in the request did not match the MD5 value calculated by the server."}
	errCRC64Mismatch       = &problem{400, "Crc64Mismatch", "The CRC64 value specified in the request did not match the CRC64 value calculated by the server."}
	errMissingLength       = &problem{411, "MissingContentLengthHeader", "Content-Length HTTP header was not specified."}
	errTooLarge            = &problem{413, "RequestBodyTooLarge", "The request body is too large and exceeds the maximum permissible limit."}
	errInvalidXML          = &problem{400, "InvalidXmlDocument", "XML specified is not syntactically valid."}
	errInvalidURI          = &problem{400, "InvalidUri", "The requested URI does not represent any resource on the server."}
	errUnsupported         = &problem{501, "NotImplemented", "This server does not know the requested operation."}
	errStructuredBody      = &problem{501, "NotImplemented", "This server does not know structured bodies."}
	errRangeTooLargeForSum = &problem{400, "OutOfRangeQueryParameterValue", "A range checksum is given for at most 4 MiB."}
)

func (p *problem) write(w http.ResponseWriter) {
	w.Header().Set("x-ms-error-code", p.code)
	if p.status == http.StatusNotModified {
		w.WriteHeader(p.status)
		return
	}
	body := fmt.Sprintf(`<?xml version="1.0" encoding="utf-8"?><Error><Code>%s</Code><Message>%s</Message></Error>`, p.code, p.message)
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	w.WriteHeader(p.status)
	_, _ = w.Write([]byte(body))
}
