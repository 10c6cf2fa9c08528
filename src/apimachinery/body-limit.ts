/** apiserver/pkg/server/config.go: MaxRequestBodyBytes. The main API server does not apply it to proxied requests. */
export const maxBodyBytes: number = 3 * 1024 * 1024;
