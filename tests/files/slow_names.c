/* The system's resolver for all names but those that begin with "slow": these take until a file is there. Each look-up is
 * noted. For LD_PRELOAD. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");
    if (name == NULL || strncmp(name, "slow", 4) != 0) {
        return real(name, service, hints, found);
    }
    FILE *log = fopen(getenv("LOOK_UPS"), "a");
    fprintf(log, "%s\n", name);
    fclose(log);
    while (access(getenv("GO_ON"), F_OK) != 0) {
        usleep(1000);
    }
    return real("localhost", service, hints, found);
}
