--liquibase formatted sql

--changeset shop:1
create table note (text varchar not null);
