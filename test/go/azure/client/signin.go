package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

type signIn struct {
	Method string `json:"method"`
	// Empty for a workload identity: taken from the environment by the SDK.
	TenantID                   string   `json:"tenantId"`
	ClientID                   string   `json:"clientId"`
	ClientSecret               string   `json:"clientSecret"`
	CertificatePath            string   `json:"certificatePath"`
	CertificatePassword        string   `json:"certificatePassword"`
	SendCertificateChain       bool     `json:"sendCertificateChain"`
	TokenFilePath              string   `json:"tokenFilePath"`
	ResourceID                 string   `json:"resourceId"`
	AdditionallyAllowedTenants []string `json:"additionallyAllowedTenants"`
	DisableInstanceDiscovery   bool     `json:"disableInstanceDiscovery"`
}

// What the SDK makes of its environment where it is empty, which is the public cloud as a rule.
type cloudOf struct {
	Authority               string `json:"authority"`
	ResourceManager         string `json:"resourceManager"`
	ResourceManagerAudience string `json:"resourceManagerAudience"`
	StorageAudience         string `json:"storageAudience"`
}

func (o order) clientOptions() policy.ClientOptions {
	options := policy.ClientOptions{Cloud: o.Cloud.configuration()}
	if o.Retries != nil {
		delay := time.Duration(o.Retries.DelaySeconds) * time.Second
		options.Retry = policy.RetryOptions{MaxRetries: o.Retries.Max, RetryDelay: delay}
		// Zero means the default to the SDK, below zero means none.
		if o.Retries.Max == 0 {
			options.Retry.MaxRetries = -1
		}
	}
	return options
}

func (o order) armOptions() *arm.ClientOptions {
	return &arm.ClientOptions{ClientOptions: o.clientOptions()}
}

func (c cloudOf) configuration() cloud.Configuration {
	if c == (cloudOf{}) {
		return cloud.Configuration{}
	}
	configuration := cloud.Configuration{
		ActiveDirectoryAuthorityHost: c.Authority,
		Services:                     map[cloud.ServiceName]cloud.ServiceConfiguration{},
	}
	if c.ResourceManager != "" {
		configuration.Services[cloud.ResourceManager] = cloud.ServiceConfiguration{
			Endpoint: c.ResourceManager,
			Audience: c.ResourceManagerAudience,
		}
	}
	return configuration
}

func (o order) credential() (azcore.TokenCredential, error) {
	if o.SignIn == nil {
		return nil, errors.New("this operation needs to know how to sign in")
	}
	s, options := *o.SignIn, o.clientOptions()
	switch s.Method {
	case "client-secret":
		return azidentity.NewClientSecretCredential(s.TenantID, s.ClientID, s.ClientSecret,
			&azidentity.ClientSecretCredentialOptions{
				ClientOptions:              options,
				AdditionallyAllowedTenants: s.AdditionallyAllowedTenants,
				DisableInstanceDiscovery:   s.DisableInstanceDiscovery,
			})
	case "certificate":
		return certificateCredential(s, options)
	case "workload-identity":
		return azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
			ClientOptions:              options,
			AdditionallyAllowedTenants: s.AdditionallyAllowedTenants,
			DisableInstanceDiscovery:   s.DisableInstanceDiscovery,
			TenantID:                   s.TenantID,
			ClientID:                   s.ClientID,
			TokenFilePath:              s.TokenFilePath,
		})
	case "managed-identity":
		managed := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: options}
		if s.ClientID != "" {
			managed.ID = azidentity.ClientID(s.ClientID)
		} else if s.ResourceID != "" {
			managed.ID = azidentity.ResourceID(s.ResourceID)
		}
		return azidentity.NewManagedIdentityCredential(managed)
	case "default":
		return azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{
			ClientOptions:            options,
			DisableInstanceDiscovery: s.DisableInstanceDiscovery,
		})
	}
	return nil, fmt.Errorf("no way to sign in is called %q", s.Method)
}

func certificateCredential(s signIn, options policy.ClientOptions) (azcore.TokenCredential, error) {
	content, err := os.ReadFile(s.CertificatePath)
	if err != nil {
		return nil, err
	}
	var password []byte
	if s.CertificatePassword != "" {
		password = []byte(s.CertificatePassword)
	}
	certificates, key, err := azidentity.ParseCertificates(content, password)
	if err != nil {
		return nil, err
	}
	return azidentity.NewClientCertificateCredential(s.TenantID, s.ClientID, certificates, key,
		&azidentity.ClientCertificateCredentialOptions{
			ClientOptions:              options,
			AdditionallyAllowedTenants: s.AdditionallyAllowedTenants,
			DisableInstanceDiscovery:   s.DisableInstanceDiscovery,
			SendCertificateChain:       s.SendCertificateChain,
		})
}

func token(ctx context.Context, o order) (any, error) {
	with, err := wants[struct {
		Scope    string `json:"scope"`
		TenantID string `json:"tenantId"`
	}](o)
	if err != nil {
		return nil, err
	}
	credential, err := o.credential()
	if err != nil {
		return nil, err
	}
	got, err := credential.GetToken(ctx, policy.TokenRequestOptions{
		Scopes:   []string{with.Scope},
		TenantID: with.TenantID,
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"token": got.Token, "expiresOn": got.ExpiresOn.Unix()}, nil
}
